"""A whole job in one process, which says what it took: how benchmarks.sampling.million measures.

python -m benchmarks.sampling.job COUNT [GENERATOR]
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time

import django

from benchmarks.processes import resident

EARLY = 10_000
TRAINED_KIMG = 2.0
SOURCES = 300
RESOLUTION = 28


def main() -> None:
    django.setup()
    count, generator = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    job, started = submitted(count, generator), time.perf_counter()
    sizes = Sizes()
    work(job, sizes)
    sizes.over.set()
    print(json.dumps(told(job, sizes, time.perf_counter() - started)))


class Sizes(threading.Thread):
    """How much memory this process takes while it samples, once 10,000 images are there, and at most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over, self.made, self.sampling = threading.Event(), 0, False
        self.early = self.late = 0

    def run(self) -> None:
        while not self.over.wait(0.1):
            if self.sampling and self.made >= EARLY:
                self.late = max(self.late, resident(os.getpid()))
            elif self.sampling:
                self.early = max(self.early, resident(os.getpid()))


def work(job, sizes: Sizes) -> None:  # type: ignore[no-untyped-def]  # models are there after setup()
    from generation import tasks

    sizes.start()
    while tasks.run_next("training"):
        pass
    shards = job.tasks.filter(kind="sample")
    sizes.sampling = True
    while shards.filter(state="queued").exists() and tasks.run_next("sampling"):
        sizes.made = sum(shards.filter(state="done").values_list("count", flat=True))
    sizes.sampling = False
    while tasks.run_next("sampling"):
        pass


def submitted(count: int, generator: str | None):  # type: ignore[no-untyped-def]  # as above
    from generation import jobs
    from generation.engine.config import RecipeRequest
    from generation.models import Generator
    from marketplace.accounts.models import User

    user, _made = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})
    if generator is not None:
        return jobs.more(user, Generator.objects.get(public_id=generator), count=count, seed=1)
    request = RecipeRequest("quick", RESOLUTION, kimg=TRAINED_KIMG)
    return jobs.submit(user, drawn(user), count=count, request=request, seed=1)


def drawn(owner):  # type: ignore[no-untyped-def]  # as above
    """A source set as intake leaves it."""
    import hashlib
    import io

    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from django.utils import timezone

    from generation import summaries
    from generation.engine.drawn import draw_shapes
    from generation.models import SourceImage, SourceSet

    made = SourceSet.objects.create(owner=owner, name="Shapes", declared_at=timezone.now(), declaration_version="x")
    for number, (_label, image) in enumerate(draw_shapes(SOURCES, size=32)):
        file, digest = io.BytesIO(), hashlib.sha256(image.tobytes()).hexdigest()
        image.save(file, "PNG")
        key = default_storage.save(f"{made.folder}/{number}.png", ContentFile(file.getvalue()))
        SourceImage.objects.create(
            source_set=made, number=number, verdict="accepted", width=32, height=32, pixel_sha256=digest, key=key
        )
    summaries.refresh(made)
    made.refresh_from_db()
    return made


def told(job, sizes: Sizes, seconds: float) -> dict[str, object]:  # type: ignore[no-untyped-def]  # as above
    job.refresh_from_db()
    if job.state != "succeeded":
        raise SystemExit(f"{job.state}: {job.reason} {job.traceback}")
    shards = job.tasks.filter(kind="sample").values_list("output__rejected", flat=True)
    return {
        "count": job.dataset.count,
        "generator": str(job.generator.public_id),
        "seconds": seconds,
        "bytes": job.dataset.size,
        "rejected": sum(shards),
        "early": sizes.early,
        "late": sizes.late,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    main()
