import re
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import sellers
from .models import SellerProfile
from .rules import hidden

MAX_ABOUT = 2_000


class SellerProfileForm(forms.ModelForm):
    about = forms.CharField(
        label=gettext_lazy("About you"),
        required=False,
        max_length=MAX_ABOUT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("What you make and what you know about it. Shown on your page; plain text."),
    )
    website = forms.URLField(
        label=gettext_lazy("Website"),
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
    )

    class Meta:
        model = SellerProfile
        fields = ["about", "website", *sellers.BUSINESS_DATA]
        labels = {
            "is_business": gettext_lazy("I sell as a business"),
            "business_name": gettext_lazy("Business name"),
            "representative": gettext_lazy("Representative"),
            "registration_number": gettext_lazy("Business registration number"),
            "mail_order_number": gettext_lazy("Mail-order report number"),
            "phone": gettext_lazy("Phone"),
            "address": gettext_lazy("Address"),
            "contact_email": gettext_lazy("Contact e-mail"),
        }
        help_texts = {
            "is_business": gettext_lazy("Whoever sells regularly to earn has to say so, and to give the data below."),
            "registration_number": gettext_lazy("In Korea ten digits, such as 123-45-67891."),
            "mail_order_number": gettext_lazy("Leave it empty if you are exempt from the report."),
            "contact_email": gettext_lazy("Shown to everybody on your page and on receipts."),
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name, value in list(given.items()):
            if isinstance(value, str) and hidden(value.replace("\r", "").replace("\n", "").replace("\t", "")):
                self.add_error(name, _("Write plain text, without control characters."))
        if given.get("is_business"):
            self.demand(given)
        return given

    def demand(self, given: dict[str, Any]) -> None:
        for name in sellers.REQUIRED_OF_A_BUSINESS:
            if not given.get(name) and name not in self.errors:
                self.add_error(name, _("A business has to give this."))

    def clean_registration_number(self) -> str:
        """Ten digits are meant to be a Korean number; other countries write others."""
        written: str = self.cleaned_data["registration_number"].strip()
        if not re.fullmatch(r"[\d-]{10,12}", written) or len(re.sub(r"\D", "", written)) != 10:
            return written
        if not sellers.is_registration_number(written):
            raise forms.ValidationError(_("This number does not add up. Look for a mistyped digit."))
        digits = written.replace("-", "")
        return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"
