from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.listings.models import CURRENCIES

DAY = timedelta(days=1)


class Day(forms.DateField):
    def __init__(self, label: Any) -> None:  # Any: a text that is translated later
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"])


class SalesForm(forms.Form):
    """Which sales: of which days, both counted in, and in which currency."""

    since = Day(gettext_lazy("From"))
    until = Day(gettext_lazy("To"))
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"), required=False, choices=[("", gettext_lazy("All")), *CURRENCIES]
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day lies before the first."))
        return given

    def asked(self) -> dict[str, Any]:
        """As sales.of takes it; days are those of whoever asks."""
        given = self.cleaned_data
        since, until = given["since"], given["until"]
        return {
            "since": begin(since) if since else None,
            "until": begin(until + DAY) if until and until.year < 9999 else None,
            "currency": given["currency"],
        }


def begin(day: Any) -> datetime:  # Any: a date, of which a datetime is one for mypy
    return timezone.make_aware(datetime.combine(day, time()))


def periods() -> list[tuple[str, dict[str, str]]]:
    """For one click: this month, the one before, this year."""
    today = timezone.localdate()
    month = today.replace(day=1)
    before = (month - DAY).replace(day=1)
    return [
        (_("This month"), {"since": month.isoformat(), "until": today.isoformat()}),
        (_("Last month"), {"since": before.isoformat(), "until": (month - DAY).isoformat()}),
        (_("This year"), {"since": today.replace(month=1, day=1).isoformat(), "until": today.isoformat()}),
        (_("All"), {}),
    ]
