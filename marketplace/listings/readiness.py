"""What a draft still lacks before it can be submitted, and what would make it sell better."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from .models import ListingVersion

ENOUGH_WORDS = 80
ENOUGH_TAGS = 3


@dataclass(frozen=True)
class Point:
    field: str
    text: str
    done: bool
    needed: bool = True


def points(version: ListingVersion) -> list[Point]:
    return [
        Point("description", _("Describe what the images show."), bool(version.description)),
        Point("licence", _("Choose a licence that is offered."), version.licence.offered),
        Point("dataset", _("Declare the rights to the source images."), version.dataset.generator.source_set.declared),
        Point(
            "description",
            _("Say what the images are for, and what they are not good for."),
            len(version.description) >= ENOUGH_WORDS,
            needed=False,
        ),
        Point("tags", _("Give three tags or more: buyers search by them."), len(version.tags) >= ENOUGH_TAGS, False),
    ]


def missing(version: ListingVersion) -> list[Point]:
    return [point for point in points(version) if point.needed and not point.done]
