from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .models import Decision, Notice

SIGN = _("Your full name. It stands for your signature.")
Words = str | Promise


class DecisionForm(forms.Form):
    """`version` is what the moderator looked at: another version is not decided by this form."""

    outcome = forms.ChoiceField(label=_("Decision"), widget=forms.HiddenInput)
    reason_code = forms.ChoiceField(
        label=_("Reason"),
        choices=Decision.ReasonCode.choices,
        required=False,
        help_text=_("Needed to reject or suspend."),
    )
    reason = forms.CharField(
        label=_("Why, in your words"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text=_("Left empty, the seller reads what is usual for the reason, in their language."),
    )
    fix = forms.CharField(
        label=_("What the seller should change"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text=_("Which files, and how. Left empty as above."),
    )
    deadline = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Left empty, two weeks from now for what is rejected."),
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


class AnswerForm(forms.Form):
    """Of staff, with a word for those it concerns."""

    answer = forms.CharField(
        label=_("Answer, for those it concerns"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        error_messages={"required": _("Say why: whoever it concerns reads it.")},
    )


class ReasonForm(forms.Form):
    why = forms.CharField(
        label=_("Why, for the audit trail"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        error_messages={"required": _("Say why: it is kept in the audit trail.")},
    )


class ReportForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is wrong?"), choices=Notice.Kind.choices, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("Describe it"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("What is to be seen where, and how you know. Only staff read it."),
    )
    work = forms.CharField(
        label=_("Your work, and where it can be seen"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For copyright: title, links, or how to recognise it. Needed for a claim."),
    )
    good_faith = forms.BooleanField(
        label=_("I believe in good faith that neither the owner nor the law permits this use."), required=False
    )
    accurate = forms.BooleanField(
        label=_("What I write is accurate, and I am the owner or may act for the owner."), required=False
    )
    signature = forms.CharField(label=_("Signature"), max_length=120, required=False, help_text=SIGN)
    name = forms.CharField(label=_("Your name"), max_length=120, required=False)
    email = forms.EmailField(
        label=_("Your e-mail"), required=False, help_text=_("To hear what came of it. Nobody but staff sees it.")
    )

    LEGAL = ("work", "good_faith", "accurate", "signature")
    NEEDED: dict[str, Words] = {
        "work": _("Say which work of yours it uses: nobody can look for it otherwise."),
        "good_faith": _("A claim needs this statement."),
        "accurate": _("A claim needs this statement."),
        "signature": _("Sign with your full name."),
        "email": _("A claim needs an address at which you can be reached."),
    }

    def __init__(self, *args: Any, member: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.member = member
        if member:
            del self.fields["name"], self.fields["email"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == Notice.Kind.COPYRIGHT:
            for field in self.NEEDED:
                if field in self.fields and field not in self.errors and not cleaned.get(field):
                    self.add_error(field, str(self.NEEDED[field]))
        else:
            cleaned |= {"work": "", "good_faith": False, "accurate": False, "signature": ""}
        return cleaned


class AppealForm(forms.Form):
    text = forms.CharField(
        label=_("Why was it wrong?"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Somebody else than who decided reads it and decides again. You can appeal once."),
    )


class CounterForm(forms.Form):
    text = forms.CharField(
        label=_("Why was it wrong to take it down?"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Whoever reported it reads this, and your signature."),
    )
    signature = forms.CharField(label=_("Signature"), max_length=120, help_text=SIGN)
