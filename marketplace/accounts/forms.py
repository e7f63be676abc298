from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from .models import ApiToken, User


class SignupForm(AllauthSignupForm):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("Shown to buyers when you sell.")
    )
    terms = forms.BooleanField()

    field_order = ["name", "email", "password1", "terms"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["terms"].label = format_html(
            _('I accept the <a href="{}">terms</a> and have read the <a href="{}">privacy notice</a>.'),
            reverse("terms"),
            reverse("privacy"),
        )

    def save(self, request: HttpRequest) -> User:
        user = super().save(request)
        user.name = self.cleaned_data["name"]
        user.language = get_language() or settings.LANGUAGE_CODE
        user.terms_version, user.terms_accepted_at = settings.TERMS_VERSION, timezone.now()
        user.save(update_fields=["name", "language", "terms_version", "terms_accepted_at"])
        return user


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "language", "time_zone"]
        help_texts = {
            "name": gettext_lazy("Shown to buyers when you sell."),
            "language": gettext_lazy("For pages and for mail."),
            "time_zone": gettext_lazy("Such as Asia/Seoul."),
        }


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
        initial=90,
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
