"""What people fill in to make a source set and to start a job. The engine's own checks give the messages."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import limits
from .engine.config import MAX_MINUTES, RESOLUTIONS, RecipeError, RecipeRequest
from .models import Dataset, Generator, SourceSet

PRESETS: list[tuple[str, str | Promise]] = [
    ("quick", _("Quick")),
    ("standard", _("Standard")),
    ("best", _("Best")),
    ("paper", _("Paper")),
]
SHARING: list[tuple[str, str | Promise]] = [
    ("equal", _("Equally many")),
    ("proportion", _("As among the source images")),
    ("each", _("That many of each")),
]
FITS: list[tuple[str, str | Promise]] = [("crop", _("Crop to the middle")), ("pad", _("Pad to a square"))]
TRANSPARENCIES: list[tuple[str, str | Promise]] = [
    ("keep", _("Keep the transparency")),
    ("white", _("Put them on white")),
]
PRESET_NOTES: dict[str, str | Promise] = {
    "quick": _("A first look. Tells you whether your images work, in minutes."),
    "standard": _("The right choice for most datasets."),
    "best": _("Twice as long and a wider network, for the last bit of quality."),
    "paper": _("The plain recipe of the literature, as a yardstick."),
}


class SourceSetForm(forms.ModelForm):
    owns_rights = forms.BooleanField(
        label=_("I made these images myself, or hold the rights to train a model on them and to sell what it makes."),
    )
    no_recognisable_people = forms.BooleanField(
        label=_("No one can be recognised in them, and they show nothing that the law forbids."),
    )

    class Meta:
        model = SourceSet
        fields = ["name"]
        labels = {"name": _("Name")}
        help_texts = {"name": _("For you, to find it again. Buyers do not see it.")}

    def declaration(self) -> dict[str, bool]:
        return {name: self.cleaned_data[name] for name in ("owns_rights", "no_recognisable_people")}


class RenameForm(forms.ModelForm):
    class Meta:
        model = SourceSet
        fields = ["name"]
        labels = {"name": _("Name")}


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files of one form."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(file, initial) for file in files or [None]]


class UploadForm(forms.Form):
    images = FilesField(label=_("Images or zip archives"))


def count_field() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("How many images to generate"), min_value=1, max_value=settings.MAX_COUNT, initial=5000
    )


def mail_field() -> forms.BooleanField:
    return forms.BooleanField(label=_("Tell me by e-mail when it ends"), required=False)


def sharing_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("How many images of each label"),
        required=False,
        initial="equal",
        widget=forms.RadioSelect,
        choices=SHARING,
    )


class RefusableForm(forms.Form):
    def refuse(self, errors: dict[str, str]) -> None:
        """What the engine or the job room has against it, each shown at its field if the form has it."""
        for field, message in errors.items():
            self.add_error(field if field in self.fields else None, message)


class JobForm(RefusableForm):
    preset = forms.ChoiceField(label=_("Preset"), choices=PRESETS, initial="standard", widget=forms.RadioSelect)
    count = count_field()
    resolution = forms.TypedChoiceField(
        label=_("Resolution"),
        coerce=int,
        initial=64,
        widget=forms.RadioSelect,
        choices=[(pixels, f"{pixels} × {pixels}") for pixels in RESOLUTIONS],
    )
    fit = forms.ChoiceField(
        label=_("Images that are not square"),
        initial="crop",
        widget=forms.RadioSelect,
        choices=FITS,
    )
    transparency = forms.ChoiceField(
        label=_("Transparent images"),
        required=False,
        initial="keep",
        widget=forms.RadioSelect,
        choices=TRANSPARENCIES,
    )
    labels = forms.BooleanField(label=_("Learn the labels"), required=False)
    sharing = sharing_field()
    minutes = forms.FloatField(
        label=_("Stop training after (minutes)"),
        required=False,
        min_value=limits.MIN_MINUTES,
        max_value=MAX_MINUTES,
        help_text=_("Leave empty to let the preset decide."),
    )
    kimg = forms.FloatField(
        label=_("Training length (thousand images)"),
        required=False,
        help_text=_("Leave empty to let the preset decide."),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        required=False,
        min_value=0,
        max_value=limits.MAX_SEED,
        help_text=_("Leave empty to draw one. The same seed and settings repeat a job on the same kind of machine."),
    )
    mail = mail_field()

    def __init__(self, *args: Any, source_set: SourceSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source_set = source_set
        if len(source_set.label_counts) < 2:
            del self.fields["labels"], self.fields["sharing"]
        if not source_set.transparent:
            del self.fields["transparency"]
        if "kimg" not in self.initial and not self.data.get("kimg"):
            # The API's way to say how long; here only of a job that was asked for in that way.
            del self.fields["kimg"]
        say_what_is_allowed(self)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        try:
            values["request"] = self.asked(values)
            values["way"] = (values.get("sharing") or "equal") if values["request"].labels else "equal"
        except RecipeError as error:
            self.refuse({error.field: limits.sentences()[error.field]})
        return values

    def asked(self, values: dict[str, Any]) -> RecipeRequest:
        names = ("preset", "resolution", "fit", "transparency", "labels", "minutes", "kimg")
        given = {name: values[name] for name in names if values.get(name) not in (None, "")}
        return RecipeRequest(**given)


class MoreForm(RefusableForm):
    """More images of a generator that exists."""

    count, sharing, mail = count_field(), sharing_field(), mail_field()

    def __init__(self, *args: Any, generator: Generator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not generator.recipe["classes"]:
            del self.fields["sharing"]
        say_what_is_allowed(self)


class DatasetNameForm(forms.ModelForm):
    class Meta:
        model = Dataset
        fields = ["name"]
        labels = {"name": _("Name")}


def say_what_is_allowed(form: forms.Form) -> None:
    for name in form.fields.keys() & limits.sentences().keys():
        form.fields[name].error_messages |= limits.messages(name)
