from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from . import rules
from .models import CURRENCIES, Licence, ListingVersion

Given = TypeVar("Given")
Kept = TypeVar("Kept")


class MomentField(forms.CharField):
    """A moment to the microsecond; one that can't be read is one nobody saw."""

    def clean(self, value: Any) -> datetime | None:
        try:
            return parse_datetime(value or "")
        except ValueError:
            return None


def judged(rule: Callable[[Given], Kept], value: Given) -> Kept:
    """What the API is judged by too, said at the field."""
    try:
        return rule(value)
    except rules.ListingRefused as refused:
        raise forms.ValidationError(refused.message) from None


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
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=1000, help_text=_("Separated by commas; at most 10.")
    )
    licence = LicenceChoice(
        label=_("Licence"), queryset=Licence.objects.filter(offered=True), widget=forms.RadioSelect, empty_label=None
    )
    price = forms.CharField(
        label=_("Price"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("0 gives it away. Otherwise ₩100 to ₩100,000,000, or $0.50 to $100,000."),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES)
    # What the editor saw, so that two windows do not overwrite each other.
    updated_at = MomentField(required=False, widget=forms.HiddenInput)

    def clean_title(self) -> str:
        return judged(rules.clean_title, self.cleaned_data["title"])

    def clean_description(self) -> str:
        return judged(rules.clean_description, self.cleaned_data["description"])

    def clean_tags(self) -> list[str]:
        return judged(rules.clean_tags, self.cleaned_data["tags"].split(","))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "price" in values and "currency" in values:
            try:
                values["price"] = rules.amount(values["price"], values["currency"])
            except rules.ListingRefused as refused:
                self.add_error("price", refused.message)
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
            "price": rules.plain_amount(version.price, version.currency),
            "currency": version.currency,
            "updated_at": version.updated_at.isoformat(),
        }
