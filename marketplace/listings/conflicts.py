"""Two windows on one listing: what was saved meanwhile beside what was typed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import declarations
from .forms import ListingForm
from .models import ListingVersion, Subject
from .rules import as_amount
from .serializers import ListingSerializer

COMPARED = ("title", "description", "tags", "subject", "dataset", "changes", "licence", "price", "currency")


@dataclass(frozen=True)
class Difference:
    name: str
    label: str
    saved: str
    typed: str


def differences(form: ListingForm, version: ListingVersion) -> list[Difference]:
    """`form` is valid: its values are compared as they would be stored."""
    typed = form.cleaned_data
    named = [name for name in COMPARED if typed.get(name) is not None and typed[name] != getattr(version, name)]
    return [
        Difference(
            name,
            str(form.fields[name].label),
            readable(name, getattr(version, name), version.currency),
            readable(name, typed[name], typed["currency"]),
        )
        for name in named
    ] + [*answered_differently(typed, version)]


def answered_differently(typed: dict[str, Any], version: ListingVersion) -> Iterator[Difference]:  # Any: form values
    for question in declarations.QUESTIONS:
        saved, now = (question.answer(given.get(question.name)) for given in (version.declaration, typed))
        if saved != now:
            texts = [str(answer.text) if answer else "" for answer in (saved, now)]
            yield Difference(question.name, str(question.text), *texts)


def readable(name: str, value: Any, currency: str) -> str:  # Any: as the column holds it
    if name == "price":
        return as_amount(value, currency)
    if name == "subject":
        return str(Subject(value).label)
    return ", ".join(value) if name == "tags" else str(value)


def members(asked: dict[str, Any], version: ListingVersion) -> dict[str, Any]:  # Any: JSON values
    """For the API: the listing as it is now, and the names of the fields in which the request differs from it."""
    current = ListingSerializer(version).data
    named = [name for name in (*COMPARED, "declaration") if name in asked and asked[name] != getattr(version, name)]
    return {"differing": named, "current": current}
