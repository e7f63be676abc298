from allauth.account import views as entrance
from django.urls import URLPattern, URLResolver, path, re_path

from . import addresses, api
from .views import profile, terms, tokens

# Allauth's own list has more: signing in by code, by phone, by other sites. Nothing of that is offered here.
entrance_urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", entrance.login, name="account_login"),
    path("accounts/logout/", entrance.logout, name="account_logout"),
    path("accounts/inactive/", entrance.account_inactive, name="account_inactive"),
    path("accounts/signup/", entrance.signup, name="account_signup"),
    path("accounts/reauthenticate/", entrance.reauthenticate, name="account_reauthenticate"),
    path("accounts/email/", addresses.email_addresses, name="account_email"),
    path("accounts/confirm-email/", entrance.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^accounts/confirm-email/(?P<key>[-:\w]+)/$", entrance.confirm_email, name="account_confirm_email"),
    path("accounts/password/change/", entrance.password_change, name="account_change_password"),
    path("accounts/password/set/", entrance.password_set, name="account_set_password"),
    path("accounts/password/reset/", entrance.password_reset, name="account_reset_password"),
    path("accounts/password/reset/done/", entrance.password_reset_done, name="account_reset_password_done"),
    path(
        "accounts/password/reset/key/done/",
        entrance.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # 13 digits to the base of 36 are the largest number that a primary key can be.
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]{1,12})-(?P<key>.+)/$",
        entrance.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *entrance_urlpatterns,
    path("profile/", profile.profile, name="profile"),
    path("profile/tokens/", tokens.token_list, name="token-list"),
    path("profile/tokens/<uuid:public_id>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("terms/", terms.terms, name="terms"),
    path("terms/accept/", terms.accept_terms, name="accept-terms"),
    path("privacy/", terms.privacy, name="privacy"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("tokens/", api.TokenList.as_view(), name="api-tokens"),
    path("tokens/<uuid:public_id>/", api.TokenDetail.as_view(), name="api-token"),
    path("me/", api.Me.as_view(), name="api-me"),
]
