"""A dataset in other forms than zip parts: made once, by a worker, when somebody first asks.

What was asked for are rows without a hash; a worker of the queue `short` makes file after file and fills them in.
"""

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from redis.exceptions import RedisError
from rq.job import Job

from . import bundles, companions, contents, leftovers, parquet, room, tickets, webdataset
from .bundles import Bundle
from .models import Dataset, DatasetFile

logger = logging.getLogger(__name__)

Kind = DatasetFile.Kind
QUEUE = "short"
MAKE = "generation.formats.make"
MADE = (Kind.TAR, Kind.PARQUET)
# Images and bytes of one file at most.
LIMITS = {Kind.TAR: (10_000, 10**9), Kind.PARQUET: (50_000, 5 * 10**8)}
SUFFIXES = {Kind.TAR: "tar", Kind.PARQUET: "parquet"}
FAILURES_KEPT_SECONDS = 3600
WAITING = ("queued", "deferred", "scheduled")
# A worker that has not been heard of for so long is gone; what failed is tried again no sooner.
SILENCE = timedelta(seconds=30)
PAUSE = timedelta(minutes=1)


class State(models.TextChoices):
    ABSENT = "absent", gettext_lazy("not made yet")
    MAKING = "making", gettext_lazy("being made")
    READY = "ready", gettext_lazy("ready")


class NoRoom(Exception):
    """The message says how much is missing."""


@dataclass(frozen=True)
class Format:
    kind: str
    state: State
    # Images that lie in finished files.
    done: int
    # None before all are there; what goes with them comes last.
    files: list[Bundle]


def formats(dataset: Dataset) -> list[Format]:
    """Zip parts, tar shards, Parquet."""
    rows = sorted(dataset.files.all(), key=lambda row: row.number)
    return [format_of(dataset, kind, [row for row in rows if row.kind == kind]) for kind in (Kind.BUNDLE, *MADE)]


def of_owner(dataset: Dataset) -> list[Format]:
    """With what says whose they are, how to read them, and their checksums."""
    return [with_companions(dataset, one) for one in formats(dataset)]


def with_companions(dataset: Dataset, one: Format) -> Format:
    if one.state != State.READY:
        return one
    files = [*one.files, *companions.of_owner(dataset, one.kind, one.files)]
    return replace(one, files=[*files, companions.checksums(dataset, one.kind, files, dataset.created_at)])


def named(found: list[Format], kind: str, name: str) -> Bundle | None:
    return next((file for one in found if one.kind == kind for file in one.files if file.name == name), None)


def format_of(dataset: Dataset, kind: str, rows: list[DatasetFile]) -> Format:
    made = [row for row in rows if row.sha256]
    state = State.ABSENT if not rows else State.READY if len(made) == len(rows) else State.MAKING
    files = [bundles.whole(row, dataset.created_at) for row in made] if state == State.READY else []
    return Format(kind, state, sum(row.images for row in made), files)


def ask(dataset: Dataset, kind: str) -> None:
    """Has it made unless it is there or on its way. Raises NoRoom, and ValueError for what is not made on demand."""
    if kind not in MADE:
        raise ValueError(kind)
    if not dataset.files.filter(kind=kind).exists():
        refuse_without_room(dataset)
        # Whoever asks at the same moment plans the same rows.
        DatasetFile.objects.bulk_create(plan(dataset, Kind(kind)), ignore_conflicts=True)
    if planned(dataset.pk, kind).exists():
        transaction.on_commit(partial(see_to, dataset.pk, kind))


def refuse_without_room(dataset: Dataset) -> None:
    # One file is being written, and all are kept.
    wanted, left = 2 * dataset.size, room.free()
    if left is not None and left < wanted:
        text = _("There is no room to make these files: about %(needed)s are needed, and %(free)s are free.")
        raise NoRoom(text % {"needed": filesizeformat(wanted), "free": filesizeformat(left)})


def plan(dataset: Dataset, kind: Kind) -> list[DatasetFile]:
    most, most_bytes = LIMITS[kind]
    each = max(1, min(most, most_bytes * dataset.count // max(1, dataset.size)))
    starts = range(0, dataset.count, each)
    stem = bundles.stem_of(dataset)
    return [
        DatasetFile(
            dataset=dataset,
            kind=kind,
            number=number,
            name=bundles.part_name(stem, number, len(starts), SUFFIXES[kind]),
            size=0,
            images=min(each, dataset.count - start),
        )
        for number, start in enumerate(starts, start=1)
    ]


def planned(dataset_id: int, kind: str) -> models.QuerySet[DatasetFile]:
    return DatasetFile.objects.filter(dataset=dataset_id, kind=kind, sha256="").order_by("number")


def make(dataset_id: int, kind: str) -> None:
    """The errand. It goes on where one that broke off stopped, and may run twice at once."""
    dataset = Dataset.objects.filter(pk=dataset_id).first()
    if dataset is None:
        return
    for row in planned(dataset.pk, kind):
        if planned(dataset.pk, kind).filter(pk=row.pk).exists():
            make_file(dataset, row)
    remove_surplus(dataset, kind)


def make_file(dataset: Dataset, row: DatasetFile) -> None:
    earlier = dataset.files.filter(kind=row.kind, number__lt=row.number)
    first = earlier.aggregate(images=models.Sum("images", default=0))["images"]
    with temporary() as file:
        writer(dataset, row.kind)(file, first, row.images)
        digest, size = bundles.digest_of(file), file.seek(0, 2)
        file.seek(0)
        key = default_storage.save(key_of(dataset, row), File(file))
    if not planned(dataset.pk, row.kind).filter(pk=row.pk).update(key=key, size=size, sha256=digest):
        leftovers.remove_file(key)


def writer(dataset: Dataset, kind: str) -> Callable[[IO[bytes], int, int], None]:
    def write(file: IO[bytes], first: int, count: int) -> None:
        images = contents.images(dataset, first, count)
        if kind == Kind.TAR:
            webdataset.write(file, images, dataset.labels)
        else:
            parquet.write(file, images, dataset.labels)

    return write


def key_of(dataset: Dataset, row: DatasetFile) -> str:
    """Another one for each attempt: a file that somebody reads is never written to."""
    attempt = timezone.now().strftime("%Y%m%d%H%M%S%f")
    return f"{folder_of(dataset)}/{row.kind}-{row.number:05d}-{attempt}.{SUFFIXES[Kind(row.kind)]}"


def folder_of(dataset: Dataset) -> str:
    return f"datasets/{dataset.public_id}"


def temporary() -> IO[bytes]:
    folder = settings.VAR_DIR / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


def remove_surplus(dataset: Dataset, kind: str) -> None:
    """Of attempts that broke off between writing a file and saying so."""
    named = {key.rpartition("/")[2] for key in dataset.files.filter(kind=kind).values_list("key", flat=True)}
    if "" in named or not named:
        return
    for name in default_storage.listdir(folder_of(dataset))[1]:
        if name.startswith(f"{kind}-") and name not in named:
            leftovers.remove_file(f"{folder_of(dataset)}/{name}")


def keep_going(dataset: Dataset) -> None:
    """For whoever waits and looks: sooner than the next round of the sweeper."""
    for one in formats(dataset):
        if one.state == State.MAKING:
            see_to(dataset.pk, one.kind)


def resume() -> int:
    """What was asked for and no worker knows of: its ticket was lost, or its worker was."""
    asked = DatasetFile.objects.filter(kind__in=MADE, sha256="").order_by().values_list("dataset", "kind").distinct()
    return sum(see_to(dataset_id, kind) for dataset_id, kind in asked)


def see_to(dataset_id: int, kind: str) -> bool:
    """Whether a ticket was put."""
    try:
        queue = tickets.queue_of(QUEUE)
        if seen_to(queue.fetch_job(ticket(dataset_id, kind))):
            return False
        queue.enqueue_call(
            MAKE,
            args=(dataset_id, kind),
            job_id=ticket(dataset_id, kind),
            result_ttl=0,
            failure_ttl=FAILURES_KEPT_SECONDS,
        )
    except (RedisError, OSError):
        logger.warning("%s of dataset %s waits: the queue can't be reached", kind, dataset_id)
        return False
    return True


def seen_to(job: Job | None) -> bool:
    if job is None:
        return False
    status = job.get_status()
    if status == "started":
        return heard_of(job.last_heartbeat, SILENCE)
    return status in WAITING or (status == "failed" and heard_of(job.ended_at, PAUSE))


def heard_of(at: datetime | None, within: timedelta) -> bool:
    return at is not None and timezone.now() - at.replace(tzinfo=at.tzinfo or UTC) < within


def ticket(dataset_id: int, kind: str) -> str:
    return f"format-{dataset_id}-{kind}"
