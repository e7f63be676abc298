from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from generation.engine.config import RESOLUTIONS

from .models import CURRENCIES, MINOR_DIGITS, Licence, ListingVersion


class MomentField(forms.CharField):
    """A moment to the microsecond; one that can't be read is one nobody saw."""

    def clean(self, value: Any) -> datetime | None:
        try:
            return parse_datetime(value or "")
        except ValueError:
            return None


class LicenceChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj)


class ListingForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=120, help_text=_("What the pictures show, in a few words."))
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("What is in the images, what they were made for, and what they are not good for. Plain text."),
    )
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("Separated by commas; at most 10."))
    licence = LicenceChoice(
        label=_("Licence"), queryset=Licence.objects.filter(offered=True), widget=forms.RadioSelect, empty_label=None
    )
    price = forms.DecimalField(
        label=_("Price"), min_value=0, max_digits=12, decimal_places=2, help_text=_("0 gives it away.")
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES)
    # What the editor saw, so that two windows do not overwrite each other.
    updated_at = MomentField(required=False, widget=forms.HiddenInput)

    def clean_tags(self) -> list[str]:
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        price, currency = values.get("price"), values.get("currency")
        if price is not None and currency:
            minor = price * 10 ** MINOR_DIGITS[currency]
            if minor != int(minor):
                self.add_error("price", _("Won has no decimals."))
            values["price"] = int(minor)
        return values

    def offer(self) -> dict[str, Any]:
        """The fields of the offer, as drafts.py takes them."""
        return {name: value for name, value in self.cleaned_data.items() if name != "updated_at"}

    def refuse(self, field: str, message: str) -> None:
        visible = field in self.fields and not self.fields[field].widget.is_hidden
        self.add_error(field if visible else None, message)

    @staticmethod
    def values(version: ListingVersion) -> dict[str, Any]:
        return {
            "title": version.title,
            "description": version.description,
            "tags": ", ".join(version.tags),
            "licence": version.licence_id,
            "price": Decimal(version.price) / 10 ** MINOR_DIGITS[version.currency],
            "currency": version.currency,
            "updated_at": version.updated_at.isoformat(),
        }


class SearchForm(forms.Form):
    """Anything unreadable is left out of the search rather than refused."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    resolution = forms.TypedChoiceField(
        label=_("Resolution"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("Any")), *[(str(pixels), f"{pixels} × {pixels}") for pixels in RESOLUTIONS]],
    )
    labelled = forms.TypedChoiceField(
        label=_("Labels"),
        required=False,
        coerce=lambda value: value == "yes",
        empty_value=None,
        choices=[("", _("Any")), ("yes", _("With labels")), ("no", _("Without labels"))],
    )
    sort = forms.ChoiceField(
        label=_("Order"), required=False, choices=[("new", _("Newest first")), ("price", _("Cheapest first"))]
    )

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        values = self.cleaned_data
        return {
            "query": values.get("q", ""),
            "resolution": values.get("resolution"),
            "labelled": values.get("labelled"),
            "sort": values.get("sort") or "new",
        }
