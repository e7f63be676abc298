from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from .models import User

YEAR = 365 * 86400  # in seconds


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "cannot_remove_primary_email": _("Your primary address can't be removed. Make another one primary first."),
        "duplicate_email": _("This address is on the list already."),
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
        "email_taken": _("There is an account with this address. Sign in, or reset its password."),
        "enter_current_password": _("This is not your present password."),
        "incorrect_password": _("This is not your password."),
        "max_email_addresses": _("An account has at most %d addresses. Remove one first."),
        "too_many_login_attempts": _("Too many wrong passwords. Wait five minutes, or reset the password."),
    }

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Whoever signs in reads on in the language of their profile, unless they chose one on this device."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            remember_language(response, user.language)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of whom it is for, where that is known, and not of whoever caused it."""
        person = context.get("user")
        with override(person.language if isinstance(person, User) else get_language()):
            super().send_mail(template_prefix, email, context)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        reset = self.request.build_absolute_uri(reverse("account_reset_password"))
        more = {"user": user, "reset_url": reset, **(context or {})}
        super().send_notification_mail(template_prefix, user, more, email)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("profile")


def remember_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, samesite="Lax")
