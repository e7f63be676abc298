"""What a draft still lacks before it can be submitted, and what staff will see once it is."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from generation import refinements
from generation.findings import Report
from generation.models import SourceImage
from generation.readings import Reading, read

from . import bands, declarations, markdown
from .models import Listing, ListingVersion, Subject

ENOUGH_WORDS = 80
ENOUGH_TAGS = 3
# What buyers of the version before would notice. A price alone is nothing new to them.
NOTICED = ("dataset_id", "licence_id", "title", "description", "tags")
SOUND = ("excellent", "good")
State = Listing.State


@dataclass(frozen=True)
class Point:
    field: str
    text: str
    done: bool
    needed: bool = True

    @property
    def place(self) -> str:
        """Where on the form it is answered; of radio buttons the first."""
        name = self.field.removeprefix("declaration.")
        return f"id_{name}_0" if name != self.field or name == "licence" else f"id_{name}"


@dataclass(frozen=True)
class Check:
    """One thing that staff look at. Not fine is no refusal: they look closer."""

    name: str
    text: str
    fine: bool


def points(version: ListingVersion) -> list[Point]:
    return [
        Point("description", _("Describe what the images show."), bool(version.description)),
        Point("licence", _("Choose a licence that is offered."), version.licence.offered),
        Point("dataset", _("Declare the rights to the source images."), version.dataset.generator.source_set.declared),
        *declared(version),
        *told_what_is_new(version),
        *advice(version),
    ]


def declared(version: ListingVersion) -> Iterator[Point]:
    open_questions = declarations.unanswered(version)
    place = declarations.field(open_questions[0]) if open_questions else declarations.field(declarations.PEOPLE)
    yield Point(place, _("Answer the questions about rights."), not open_questions)
    for question, message in declarations.contradictions(version.declaration, version.dataset):
        yield Point(declarations.field(question), message, done=False)


def told_what_is_new(version: ListingVersion) -> Iterator[Point]:
    before = version.listing.current
    if before and not version.sealed_at and any(getattr(version, one) != getattr(before, one) for one in NOTICED):
        yield Point("changes", _("Say what is new, for those who bought the version before."), bool(version.changes))


def advice(version: ListingVersion) -> Iterator[Point]:
    words, subject = len(version.description) >= ENOUGH_WORDS, version.subject != Subject.OTHER
    yield Point("description", _("Say what the images are for, and what they are not good for."), words, needed=False)
    yield Point("subject", _("Choose a subject: buyers filter by it."), subject, needed=False)
    yield Point("tags", _("Give three tags or more: buyers search by them."), len(version.tags) >= ENOUGH_TAGS, False)


def missing(version: ListingVersion) -> list[Point]:
    return [point for point in points(version) if point.needed and not point.done]


def checks(version: ListingVersion) -> list[Check]:
    """The same for the seller before submitting and for staff in review."""
    report = version.dataset.report
    reading = read(report)
    measured = [copies(reading), likeness(report, reading), identical(reading)]
    return [sources(version), *measured, *rights(version), *words(version)]


def sources(version: ListingVersion) -> Check:
    source_set = version.dataset.generator.source_set
    used, refused = source_set.usable_images.count(), source_set.images.filter(verdict=SourceImage.Verdict.REJECTED)
    text = _(
        "%(used)s were used, %(refused)s the intake refused. A sheet of them goes with the listing, for staff only."
    )
    return Check(_("Source images"), text % {"used": f"{used:,}", "refused": f"{refused.count():,}"}, used > 0)


def copies(reading: Reading) -> Check:
    if reading.copies is None:
        return Check(_("Copies"), _("Not measured: staff compare more images by eye."), fine=False)
    text = ngettext(
        "%(found)s of %(images)s examined images is closer to a source image than 99.9 %% of real ones. Staff see the"
        " closest pairs side by side.",
        "%(found)s of %(images)s examined images are closer to a source image than 99.9 %% of real ones. Staff see the"
        " closest pairs side by side.",
        reading.copies,
    )
    return Check(_("Copies"), text % {"found": reading.copies, "images": f"{reading.images:,}"}, reading.copies == 0)


def likeness(report: Report, reading: Reading) -> Check:
    band, told = bands.quality_band(report), []
    if band != "unknown":
        told.append(_("%(band)s, by a classifier that tells them from real ones.") % {"band": bands.QUALITY[band]})
    if reading.times_floor is not None:
        text = _("%(times).1f times as far from real images as those are from each other.")
        told.append(text % {"times": reading.times_floor})
    told = told or [_("Not measured: staff judge the sample by eye.")]
    return Check(_("Likeness"), " ".join(told), band in SOUND)


def identical(reading: Reading) -> Check:
    if reading.identical is None:
        return Check(_("Identical images"), _("Not measured."), fine=False)
    return Check(_("Identical images"), f"{reading.identical:,}", reading.identical == 0)


def rights(version: ListingVersion) -> Iterator[Check]:
    name = _("Declaration of rights")
    asked = declarations.staff_ask(version)
    for question in asked:
        yield Check(name, _("Staff will ask: %(question)s") % {"question": question}, fine=False)
    if not asked and not declarations.unanswered(version):
        yield Check(name, _("Nothing that you answered has to be asked about."), fine=True)


def words(version: ListingVersion) -> Iterator[Check]:
    links = markdown.links(version.description)
    told = ", ".join(links) or _("None.")
    yield Check(_("Links in the description"), told, fine=not links)
    if others := offered_elsewhere(version):
        text = ngettext(
            "%(n)s other listing offers the same images, or some of them.",
            "%(n)s other listings offer the same images, or some of them.",
            others,
        )
        yield Check(_("Offered elsewhere"), text % {"n": others}, fine=False)


def offered_elsewhere(version: ListingVersion) -> int:
    """A refined dataset shares images with the one that it comes from."""
    line = refinements.line(version.dataset).values("pk")
    now = Q(state=State.PUBLISHED, current__dataset__in=line) | Q(in_review__dataset__in=line)
    return Listing.objects.filter(now).exclude(pk=version.listing_id).count()
