from django.urls import URLPattern, URLResolver, path

from . import api

urlpatterns: list[URLPattern | URLResolver] = []
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("purchases/", api.PurchaseList.as_view(), name="api-purchases"),
    path("purchases/<uuid:public_id>/", api.PurchaseDetail.as_view(), name="api-purchase"),
    path("purchases/<uuid:public_id>/bundle/", api.PurchaseBundle.as_view(), name="api-purchase-bundle"),
]
