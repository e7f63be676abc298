"""How much room an account uses: source images, uploads on their way, datasets. From rows alone, in one query."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import IntegerField, Model, QuerySet, Sum, Value
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from .models import Dataset, SourceSet, Upload
from .refusals import UploadRefused


@dataclass(frozen=True)
class Room:
    source_images: int
    uploads: int
    datasets: int
    quota: int

    @property
    def used(self) -> int:
        return self.source_images + self.uploads + self.datasets

    @property
    def free(self) -> int:
        return max(0, self.quota - self.used)

    @property
    def share(self) -> int:
        """In percent, 100 at most."""
        return min(100, round(100 * self.used / max(1, self.quota)))


def room_of(owner_id: int) -> Room:
    on_the_way = Upload.objects.filter(
        source_set__owner=owner_id, state__in=(Upload.State.RECEIVING, Upload.State.CHECKING)
    )
    totals = total(SourceSet.objects.filter(owner=owner_id), "stored_bytes", 0).union(
        total(on_the_way, "size", 1), total(Dataset.objects.filter(owner=owner_id), "size", 2), all=True
    )
    found = {place: amount or 0 for place, amount in totals}
    return Room(found.get(0, 0), found.get(1, 0), found.get(2, 0), settings.STORAGE_QUOTA_BYTES)


def total(rows: QuerySet[Model], column: str, place: int) -> QuerySet[Model, tuple[int, int | None]]:
    numbered = rows.order_by().annotate(place=Value(place, output_field=IntegerField())).values("place")
    return numbered.annotate(amount=Sum(column)).values_list("place", "amount")


def refuse_full(owner_id: int, file_name: str, size: int = 0) -> None:
    """`size` is what comes on top; an upload that was begun is counted already."""
    room = room_of(owner_id)
    if room.used + size <= room.quota:
        return
    text = _(
        "There is no room for %(name)s: %(used)s of your %(quota)s are used. Delete source sets, images or unfinished"
        " uploads that you no longer need, then go on: what was sent already is kept."
    )
    used, quota = filesizeformat(room.used), filesizeformat(room.quota)
    raise UploadRefused("size", text % {"name": file_name, "used": used, "quota": quota})
