from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from generation.engine.config import RESOLUTIONS

from . import rules
from .models import CURRENCIES, MINOR_DIGITS, Licence
from .search import SORTS
from .templatetags.money import amount_in

COUNTS = (100, 1_000, 10_000, 100_000)
SORT_NAMES = {"new": gettext_lazy("Newest first"), "price": gettext_lazy("Cheapest first")}
MOST_LETTERS = 200


class SearchForm(forms.Form):
    """Every filter stands in the address. What can't be read is left out of the search rather than refused."""

    q = forms.CharField(label=gettext_lazy("Search"), required=False)
    resolution = forms.TypedChoiceField(
        label=gettext_lazy("Resolution"), required=False, coerce=int, empty_value=None,
        choices=[("", gettext_lazy("Any")), *[(str(pixels), f"{pixels} × {pixels}") for pixels in RESOLUTIONS]],
    )  # fmt: skip
    count_min = forms.TypedChoiceField(label=gettext_lazy("Images"), required=False, coerce=int, empty_value=None)
    labelled = forms.TypedChoiceField(
        label=gettext_lazy("Labels"), required=False, coerce=lambda value: value == "yes", empty_value=None,
        choices=[
            ("", gettext_lazy("Any")), ("yes", gettext_lazy("With labels")), ("no", gettext_lazy("Without labels"))
        ],
    )  # fmt: skip
    licence = forms.ChoiceField(label=gettext_lazy("Licence"), required=False)
    currency = forms.ChoiceField(
        label=gettext_lazy("Price in"), required=False,
        choices=[("", gettext_lazy("Any")), ("free", gettext_lazy("Free")), *CURRENCIES],
    )  # fmt: skip
    price_min = forms.CharField(label=gettext_lazy("From"), required=False, max_length=40)
    price_max = forms.CharField(label=gettext_lazy("To"), required=False, max_length=40)
    sort = forms.ChoiceField(label=gettext_lazy("Order"), required=False, choices=list(SORT_NAMES.items()))

    FILTERS = ("q", "resolution", "count_min", "labelled", "licence", "currency", "price_min", "price_max")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Read anew for each visitor: numbers and licences are named in their language.
        counts = [(str(number), at_least(number)) for number in COUNTS]
        offered = Licence.objects.order_by("code", "version")
        licences = {licence.code: licence.title for licence in offered}
        self.fields["count_min"].choices = [("", _("Any")), *counts]  # type: ignore[attr-defined]  # a choice field
        self.fields["licence"].choices = [("", _("Any")), *licences.items()]  # type: ignore[attr-defined]
        for name in ("price_min", "price_max"):
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        self.is_valid()

    def asked(self) -> dict[str, Any]:
        """As search() takes it."""
        values = {name: self.value(name) for name in self.FILTERS if name != "q"}
        if values["currency"] == "free":
            values |= {"currency": None, "free": True}
        return values | {"query": self.value("q") or "", "sort": self.order}

    def value(self, name: str) -> Any:  # Any: as the field makes it
        given = self.cleaned_data.get(name)
        if name.startswith("price_"):
            return self.price(given)
        return str(given)[:MOST_LETTERS] if name == "q" and given else given

    def price(self, given: str | None) -> int | None:
        """Without a currency a figure means nothing, so it is left out."""
        currency = self.cleaned_data.get("currency")
        if not given or currency not in MINOR_DIGITS:
            return None
        try:
            return rules.figure(given, currency)
        except rules.ListingRefused:
            return None

    @property
    def order(self) -> str:
        sort = self.cleaned_data.get("sort")
        return sort if sort in SORTS else "new"

    @property
    def mixes_currencies(self) -> bool:
        return self.order == "price" and self.cleaned_data.get("currency") not in MINOR_DIGITS

    @property
    def active(self) -> list[str]:
        return [name for name in self.FILTERS if self.value(name) not in (None, "")]

    def chips(self) -> list[tuple[str, str]]:
        """What is filtered by, each with the address that leaves it out."""
        return [(self.chip(name), self.without(name)) for name in self.active]

    def chip(self, name: str) -> str:
        given = self.data[name]
        if name == "q":
            return f"“{given[:60]}”"
        if name.startswith("price_"):
            words = _("From %(amount)s") if name == "price_min" else _("Up to %(amount)s")
            return words % {"amount": amount_in(self.value(name), self.cleaned_data["currency"])}
        label = str(dict(self.fields[name].choices)[given])  # type: ignore[attr-defined]  # a choice field
        return label if name in ("labelled", "licence") or given == "free" else f"{self.fields[name].label}: {label}"

    def without(self, left_out: str) -> str:
        """A price without its currency would mean nothing, so it goes with it."""
        gone = {left_out} | ({"price_min", "price_max"} if left_out == "currency" else set())
        kept = {name: self.data[name] for name in self.active if name not in gone}
        if self.order != "new":
            kept["sort"] = self.order
        return urlencode(kept)


def at_least(number: int) -> str:
    return _("%(number)s or more") % {"number": number_format(number, use_l10n=True, force_grouping=True)}
