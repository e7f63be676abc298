from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from . import time_zones
from .models import ApiToken, User
from .tokens import DEFAULT_DAYS


def terms_label() -> SafeString:
    text = _('I accept the <a href="{}" target="_blank">terms</a> (version {}).')
    return format_html(text, reverse("terms"), settings.TERMS_VERSION)


def privacy_label() -> SafeString:
    text = _(
        'I agree to how my data is used, as the <a href="{}" target="_blank">privacy notice</a> says (version {}).'
    )
    return format_html(text, reverse("privacy"), settings.PRIVACY_VERSION)


class AcceptForm(forms.Form):
    """Two boxes, because Korean law asks for the consent to data use apart from the contract."""

    terms = forms.BooleanField(
        label=lazy(terms_label, SafeString)(),
        error_messages={"required": gettext_lazy("Accept the terms to go on.")},
    )
    privacy = forms.BooleanField(
        label=lazy(privacy_label, SafeString)(),
        error_messages={"required": gettext_lazy("Without this agreement there can be no account.")},
    )


class LoginForm(AllauthLoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"].label = _("Keep me signed in on this device")


class SignupForm(AllauthSignupForm):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("Shown to buyers when you sell.")
    )
    terms = AcceptForm.base_fields["terms"]
    privacy = AcceptForm.base_fields["privacy"]

    field_order = ["name", "email", "password1", "terms", "privacy"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"

    def save(self, request: HttpRequest) -> User:
        user = super().save(request)
        user.name = self.cleaned_data["name"]
        user.language = get_language() or settings.LANGUAGE_CODE
        user.save(update_fields=["name", "language"])
        user.accept_present_terms()
        return user


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), help_text=gettext_lazy("Times on all pages are shown in it.")
    )

    class Meta:
        model = User
        fields = ["name", "language", "time_zone"]
        help_texts = {
            "name": gettext_lazy("Shown to buyers when you sell."),
            "language": gettext_lazy("For pages and for mail."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = time_zones.choices(self.instance.time_zone)
        self.fields["time_zone"].choices = choices  # type: ignore[attr-defined]  # a choice field, as above
        self.fields["name"].widget.attrs["autocomplete"] = "name"


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("Which program is it for?")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=ApiToken.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    expires_in_days = forms.TypedChoiceField(
        label=gettext_lazy("Expires after"),
        coerce=int,
        initial=DEFAULT_DAYS,
        choices=[
            (7, gettext_lazy("7 days")),
            (30, gettext_lazy("30 days")),
            (90, gettext_lazy("90 days")),
            (365, gettext_lazy("1 year")),
        ],
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not user.is_staff:
            scopes = [choice for choice in ApiToken.Scope.choices if choice[0] != ApiToken.Scope.MODERATE]
            self.fields["scopes"].choices = scopes  # type: ignore[attr-defined]  # a choice field, as above


class CloseForm(forms.Form):
    """Whoever closes an account says so with its password; earnings left in it are given up knowingly."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    give_up = forms.BooleanField(
        label=gettext_lazy("I give these earnings up."),
        error_messages={
            "required": gettext_lazy("Have your earnings paid out first, or tick the box to give them up.")
        },
    )

    def __init__(self, *args: Any, user: User, earnings: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not earnings:
            del self.fields["give_up"]

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password
