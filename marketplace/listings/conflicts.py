"""Two windows on one listing: what was saved meanwhile beside what was typed."""

from dataclasses import dataclass
from typing import Any

from .forms import ListingForm
from .models import ListingVersion
from .rules import as_amount
from .serializers import ListingSerializer

COMPARED = ("title", "description", "tags", "licence", "price", "currency")


@dataclass(frozen=True)
class Difference:
    name: str
    label: str
    saved: str
    typed: str


def differences(form: ListingForm, version: ListingVersion) -> list[Difference]:
    """`form` is valid: its values are compared as they would be stored."""
    typed = form.cleaned_data
    return [
        Difference(
            name,
            str(form.fields[name].label),
            readable(name, getattr(version, name), version.currency),
            readable(name, typed[name], typed["currency"]),
        )
        for name in COMPARED
        if typed[name] != getattr(version, name)
    ]


def readable(name: str, value: Any, currency: str) -> str:  # Any: as the column holds it
    if name == "price":
        return as_amount(value, currency)
    return ", ".join(value) if name == "tags" else str(value)


def members(asked: dict[str, Any], version: ListingVersion) -> dict[str, Any]:  # Any: JSON values
    """For the API: the listing as it is now, and the names of the fields in which the request differs from it."""
    current = ListingSerializer(version).data
    named = [name for name in COMPARED if name in asked and asked[name] != getattr(version, name)]
    return {"differing": named, "current": current}
