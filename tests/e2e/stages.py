"""Jobs that stand at a stage, with the events that led there, made without training. Run in a management shell."""

import io
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from PIL import Image

from generation import events, jobs, previews
from generation.engine.config import RecipeRequest, resolve
from generation.models import GenerationJob, Generator, SourceSet
from marketplace.accounts.models import User

REQUEST = RecipeRequest("quick", 32)
RECIPE = resolve(REQUEST, images=1200, channels=3).to_dict()
TOTAL, PREVIEWS = 120.0, 12
LATER = ("sampling", "screening", "evaluating", "packing")


def job_at(stage: str, progress_events: int = 40) -> GenerationJob:
    """A worker seems to hold it for a day, so nobody takes it up."""
    alice = User.objects.get(email="alice@example.com")
    source_set = SourceSet.objects.create(
        owner=alice, name="Coats", declared_at=timezone.now(), usable_count=1200, draft_fingerprint="f" * 64
    )
    with transaction.atomic():  # its ticket goes out afterwards, when there is nothing left to take
        job = jobs.submit(alice, source_set, count=5000, request=REQUEST, seed=1)
        job.tasks.update(state="running", lease_until=timezone.now() + timedelta(days=1))
    resolved = RECIPE | {"pilot": {"images_per_second": 790.0, "seconds": 4.0}}
    GenerationJob.objects.filter(pk=job.pk).update(state="running", started_at=timezone.now(), resolved=resolved)
    job.refresh_from_db()
    events.record(job, "claimed", {"attempt": 1}, stage="preparing")
    if stage != "preparing":
        train(job, progress_events)
    for later in LATER[: LATER.index(stage) + 1] if stage in LATER else ():
        enter(job, later)
    return job


def train(job: GenerationJob, progress_events: int) -> None:
    events.record(job, "stage", {}, stage="training")
    events.record(job, "resumed", {"kimg": 12.0, "attempt": 2})
    for number in range(1, progress_events + 1):
        figures = at_fraction(number / progress_events)
        events.record(job, "progress", figures)
        if number % max(1, progress_events // PREVIEWS) == 0:
            place = number // max(1, progress_events // PREVIEWS)
            image = previews.keep(job, place, square(place))
            events.record(job, "preview", {"kimg": figures["kimg"], "image": image})
    events.tick(job, figures)


def at_fraction(fraction: float) -> dict[str, Any]:
    return {
        "kimg": TOTAL * fraction, "total_kimg": TOTAL, "images_per_second": 788.0, "loss_d": 0.7, "loss_g": 1.2,
        "augment_p": 0.3, "r_v": 0.04, "swd": 40.0 - 12 * fraction, "swd_floor": 20.0, "fraction": fraction,
        "seconds_left": [200.0, 310.0],
    }  # fmt: skip


def enter(job: GenerationJob, stage: str) -> None:
    if stage == "sampling":
        generator = Generator.objects.create(
            owner=job.owner, source_set=job.source_set, source_fingerprint="f" * 64, size=1, checkpoint_key="x",
            sha256="x", recipe=RECIPE, metrics={"kimg": TOTAL, "seconds": 150.0},
        )  # fmt: skip
        GenerationJob.objects.filter(pk=job.pk).update(generator=generator, first_slot=0)
    events.record(job, "stage", {"seconds_left": [100.0, 150.0]}, stage=stage)
    counted = {"done": 2100, "of": 5000, "fraction": 0.42, "seconds_left": [100.0, 150.0]}
    if stage == "sampling":
        events.record(job, "progress", counted | {"made": 2200, "rejected": 11})
    if stage != "evaluating":
        job.snapshot = {}
        events.tick(job, counted | ({"made": 2200, "rejected": 11} if stage == "sampling" else {}))


def square(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (96, 96), (20 * number, 100, 100)).save(file, "PNG")
    return file.getvalue()
