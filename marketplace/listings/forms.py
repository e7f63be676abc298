from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar, cast

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from generation.models import Dataset

from . import declarations, rules
from .declarations import Answer, Question
from .models import CURRENCIES, Licence, ListingVersion, Subject

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


class DatasetChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        """Of one line all have the same name."""
        about = {"name": obj.name, "count": f"{obj.count:,}", "side": obj.resolution, "made": obj.created_at.date()}
        if obj.version == 1:
            return _("%(name)s: %(count)s images of %(side)s px, made on %(made)s") % about
        text = _("%(name)s, version %(version)s: %(count)s images of %(side)s px, made on %(made)s")
        return text % (about | {"version": obj.version})


def radios(question: Question) -> forms.ChoiceField:
    choices = [(answer.code, answer.text) for answer in question.answers]
    return forms.ChoiceField(label=question.text, choices=choices, widget=forms.RadioSelect, required=False)


class RightsForm(forms.Form):
    """The declaration of rights. A draft may leave questions open."""

    people = radios(declarations.PEOPLE)
    minors = radios(declarations.MINORS)
    third_party = radios(declarations.THIRD_PARTY)
    releases = radios(declarations.RELEASES)

    def questions(self) -> Iterator[tuple[forms.BoundField, list[tuple[Any, Answer]]]]:
        """Each field with its radio buttons, each beside what it stands for."""
        for question in declarations.QUESTIONS:
            field = self[question.name]
            yield field, list(zip(field.subwidgets, question.answers, strict=True))


class ListingForm(RightsForm):
    title = forms.CharField(label=_("Title"), max_length=120, help_text=_("What the pictures show, in a few words."))
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("What is in the images, what they were made for, and what they are not good for. In Markdown."),
    )
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=1000, help_text=_("Separated by commas; at most 10.")
    )
    subject = forms.ChoiceField(
        label=_("Subject"), choices=Subject, required=False, help_text=_("What the images show: buyers filter by it.")
    )
    dataset = DatasetChoice(
        label=_("Dataset"),
        queryset=Dataset.objects.none(),
        required=False,
        empty_label=None,
        help_text=_("Another one makes a version with other images. The rights are declared anew."),
    )
    changes = forms.CharField(
        label=_("What is new"),
        required=False,
        max_length=rules.MAX_CHANGES,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whoever bought the version before is told so and keeps what they bought. Plain text."),
    )
    licence = LicenceChoice(
        label=_("Licence"), queryset=Licence.objects.filter(offered=True), widget=forms.RadioSelect, empty_label=None
    )
    free = forms.BooleanField(label=_("Give it away free"), required=False)
    price = forms.CharField(
        label=_("Price, VAT included"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("What the buyer pays in all: ₩100 to ₩100,000,000, or $0.50 to $100,000."),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=CURRENCIES)
    # What the editor saw, so that two windows do not overwrite each other.
    updated_at = MomentField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, version: ListingVersion | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A dataset is chosen among several, and of a first version nothing is new.
        own = Dataset.objects.filter(owner=version.listing.seller) if version else Dataset.objects.none()
        cast(DatasetChoice, self.fields["dataset"]).queryset = own
        if len(own[:2]) < 2:
            del self.fields["dataset"]
        if version is None or version.listing.published_at is None:
            del self.fields["changes"]

    def clean_title(self) -> str:
        return judged(rules.clean_title, self.cleaned_data["title"])

    def clean_description(self) -> str:
        return judged(rules.clean_description, self.cleaned_data["description"])

    def clean_tags(self) -> list[str]:
        return judged(rules.clean_tags, self.cleaned_data["tags"].split(","))

    def clean_changes(self) -> str:
        return judged(rules.clean_changes, self.cleaned_data["changes"])

    def clean_subject(self) -> str:
        return self.cleaned_data["subject"] or Subject.OTHER

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("free"):
            self.errors.pop("price", None)
            values["price"] = 0
        elif "price" in values and not values["price"]:
            self.add_error("price", _("Write a price, or tick that it is given away free."))
        elif "price" in values and "currency" in values:
            self.price_in_units(values)
        return values

    def price_in_units(self, values: dict[str, Any]) -> None:
        try:
            values["price"] = rules.amount(values["price"], values["currency"])
        except rules.ListingRefused as refused:
            self.add_error("price", refused.message)

    def offer(self) -> dict[str, Any]:
        """The fields of the offer, as drafts.py takes them."""
        answers = {question.name: self.cleaned_data[question.name] for question in declarations.QUESTIONS}
        left_out = {"updated_at", "free", *answers}
        offered = {name: value for name, value in self.cleaned_data.items() if name not in left_out}
        if offered.get("dataset", "") is None:
            del offered["dataset"]
        return offered | {"declaration": answers}

    def refuse(self, field: str, message: str) -> None:
        field = field.removeprefix("declaration.")
        visible = field in self.fields and not self.fields[field].widget.is_hidden
        self.add_error(field if visible else None, message)

    @staticmethod
    def values(version: ListingVersion) -> dict[str, Any]:
        present = version.declaration if version.declaration_version == declarations.VERSION else {}
        return present | {
            "title": version.title,
            "description": version.description,
            "tags": ", ".join(version.tags),
            "subject": version.subject,
            "dataset": version.dataset_id,
            "changes": "" if version.pk == version.listing.current_id else version.changes,
            "licence": version.licence_id,
            "free": version.price == 0,
            "price": rules.plain_amount(version.price, version.currency) if version.price else "",
            "currency": version.currency,
            "updated_at": version.updated_at.isoformat(),
        }
