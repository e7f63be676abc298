from django.urls import URLPattern, URLResolver, path

from . import api, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("listings/<uuid:public_id>/buy/", views.checkout, name="checkout"),
    path("library/", views.library, name="library"),
    path("library/<uuid:public_id>/", views.purchase, name="purchase"),
    path("library/<uuid:public_id>/receipt/", views.receipt, name="receipt"),
    path("library/<uuid:public_id>/bundles/<int:number>/", views.purchase_bundle, name="purchase-bundle"),
    path("studio/", views.studio, name="studio"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("purchases/", api.PurchaseList.as_view(), name="api-purchases"),
    path("purchases/<uuid:public_id>/", api.PurchaseDetail.as_view(), name="api-purchase"),
    path("purchases/<uuid:public_id>/bundle/", api.PurchaseBundle.as_view(), name="api-purchase-bundle"),
]
