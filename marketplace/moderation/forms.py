from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Decision


class DecisionForm(forms.Form):
    """`version` is what the moderator looked at: another version is not decided by this form."""

    outcome = forms.ChoiceField(label=_("Decision"), widget=forms.RadioSelect)
    reason_code = forms.ChoiceField(
        label=_("Reason"),
        choices=Decision.ReasonCode.choices,
        required=False,
        help_text=_("Needed to reject or suspend."),
    )
    reason = forms.CharField(
        label=_("What the seller should change"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        help_text=_("Needed to reject or suspend. The seller reads it, on the listing and by e-mail."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, outcomes: list[Decision.Outcome], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(outcome.value, outcome.label) for outcome in outcomes]
        self.fields["outcome"].choices = choices  # type: ignore[attr-defined]  # a choice field

    def clean_version(self) -> Any:
        number = self.cleaned_data["version"]
        if number != self.initial["version"]:
            raise forms.ValidationError(_("The listing has a newer version than the one you looked at. Look again."))
        return number
