from django.urls import URLPattern, URLResolver, path

from . import api

urlpatterns: list[URLPattern | URLResolver] = []
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("tokens/", api.TokenList.as_view(), name="api-tokens"),
    path("tokens/<uuid:public_id>/", api.TokenDetail.as_view(), name="api-token"),
    path("me/", api.Me.as_view(), name="api-me"),
]
