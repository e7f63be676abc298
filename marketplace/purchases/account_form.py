from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.models import User
from marketplace.listings.rules import hidden

from . import payout_accounts


class PayoutAccountForm(forms.Form):
    """Asks for the password: whoever found an open browser must not send the money elsewhere."""

    bank = forms.CharField(label=gettext_lazy("Bank"), max_length=80)
    holder = forms.CharField(
        label=gettext_lazy("Account holder"), max_length=120, help_text=gettext_lazy("As the bank writes it.")
    )
    number = forms.CharField(
        label=gettext_lazy("Account number"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}),
        help_text=gettext_lazy("It is stored encrypted; pages show the last four digits."),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in ("bank", "holder"):
            if hidden(given.get(name, "")):
                self.add_error(name, _("Write plain text, without control characters."))
        return given

    def clean_number(self) -> str:
        try:
            return payout_accounts.clean_number(self.cleaned_data["number"])
        except ValueError as refused:
            raise forms.ValidationError(str(refused)) from None

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password
