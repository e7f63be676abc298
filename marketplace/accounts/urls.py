from django.urls import URLPattern, URLResolver, path

from . import api, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("profile/", views.profile, name="profile"),
    path("profile/tokens/", views.token_list, name="token-list"),
    path("profile/tokens/<uuid:public_id>/revoke/", views.token_revoke, name="token-revoke"),
    path("terms/", views.terms, name="terms"),
    path("privacy/", views.privacy, name="privacy"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("tokens/", api.TokenList.as_view(), name="api-tokens"),
    path("tokens/<uuid:public_id>/", api.TokenDetail.as_view(), name="api-token"),
    path("me/", api.Me.as_view(), name="api-me"),
]
