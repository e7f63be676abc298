"""Which images of a set show nearly the same, kept on their rows."""

from itertools import islice

from django.db import transaction

from .likeness import groups
from .models import SourceImage, SourceSet

BATCH = 500


def mark(source_set: SourceSet) -> None:
    """Points each image of a group at the one worth keeping: the largest, and of these the first."""
    usable = source_set.usable_images.exclude(look=b"").order_by("pk")
    rows = list(usable.only("source_set", "look", "width", "height", "alike"))
    kept: dict[int, int] = {}
    for group in groups([bytes(row.look) for row in rows]):
        best = max(group, key=lambda place: (rows[place].width * rows[place].height, -place))
        kept.update({place: rows[best].pk for place in group if place != best})
    changed = {row.pk: kept.get(place) for place, row in enumerate(rows) if row.alike_id != kept.get(place)}
    pairs = iter(changed.items())
    while batch := dict(islice(pairs, BATCH)):
        point(batch)


@transaction.atomic
def point(alike: dict[int, int | None]) -> None:
    """Images that were deleted meanwhile are neither pointed at nor pointing."""
    targets = {pk for pk in alike.values() if pk}
    there = set(SourceImage.objects.filter(pk__in=targets).values_list("pk", flat=True))
    rows = [SourceImage(pk=pk, alike_id=target if target in there else None) for pk, target in alike.items()]
    SourceImage.objects.bulk_update(rows, ["alike"])
