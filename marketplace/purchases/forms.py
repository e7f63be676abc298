import secrets

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from marketplace.listings.models import ListingVersion

from . import consent, reviews
from .models import Review

STARS = [(number, ngettext_lazy("%(n)d star", "%(n)d stars", number) % {"n": number}) for number in range(1, 6)]
OPINIONS = [("yes", _("yes")), ("no", _("no")), ("", _("can't say"))]


class CheckoutForm(forms.Form):
    """What is bought is what was looked at: a form of another version, or a damaged one, is stale."""

    licence_accepted = forms.BooleanField(
        label=_("I accept this licence, and have seen the free sample and the quality report.")
    )
    delivery_consent = forms.BooleanField(
        required=False,
        label=consent.WORDING,
        help_text=_("You may leave this open: you are asked again before the first download."),
    )
    attempt_key = forms.CharField(widget=forms.HiddenInput, max_length=80)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, version: ListingVersion) -> None:
        super().__init__(data, initial={"attempt_key": secrets.token_urlsafe(16), "version": version.number})
        self.of = version
        if not version.price:
            # What cost nothing is not given back.
            del self.fields["delivery_consent"]

    @property
    def is_stale(self) -> bool:
        if not self.is_bound:
            return False
        hidden = {"attempt_key", "version"} & self.errors.keys()
        return bool(hidden) or self.cleaned_data["version"] != self.of.number


class MarkField(forms.TypedChoiceField):
    def __init__(self, name: str) -> None:
        super().__init__(
            label=reviews.MARKS[name],
            choices=OPINIONS,
            required=False,
            initial="",
            widget=forms.RadioSelect,
            coerce=lambda said: said == "yes",
            empty_value=None,
        )


class ReviewForm(forms.Form):
    rating = forms.TypedChoiceField(label=_("stars"), choices=STARS, coerce=int, widget=forms.RadioSelect)
    as_described = MarkField("as_described")
    useful = MarkField("useful")
    licence_clear = MarkField("licence_clear")
    text = forms.CharField(
        label=_("text"),
        required=False,
        max_length=reviews.MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What did you use it for, and how did that go? Everybody can read this, with your name."),
    )

    @staticmethod
    def values(review: Review) -> dict[str, object]:
        said = {True: "yes", False: "no", None: ""}
        marks = {name: said[getattr(review, name)] for name in reviews.MARKS}
        return {"rating": review.rating, "text": review.text, **marks}


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("answer"), max_length=reviews.MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3}))
