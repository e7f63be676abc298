"""The e-mail addresses of an account: allauth's page, with an answer to what it passes over in silence."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.views import EmailView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from .models import User


class Addresses(EmailView):
    http_method_names = ["get", "head", "options", "post"]

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 422
        return response

    def _action_send(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        response: HttpResponse | None = super()._action_send(request, *args, **kwargs)
        if not self._did_send_verification_email:
            wait = _("A mail went out less than three minutes ago. Look there first, in the spam folder too.")
            messages.info(request, wait)
        return response

    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """An account that was opened with this address and never confirmed it still holds it."""
        address: EmailAddress | None = self._get_email_address(request)
        if address and User.objects.filter(email__iexact=address.email).exclude(pk=address.user_id).exists():
            taken = _("Another account signs in with %(email)s. Close that one first; its password can be reset.")
            messages.error(request, taken % {"email": address.email})
            return None
        response: HttpResponse | None = super()._action_primary(request, *args, **kwargs)
        return response


email_addresses = Addresses.as_view()
