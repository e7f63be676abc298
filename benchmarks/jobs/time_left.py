"""The time a job is said to take still, held against when it did end.

Ten jobs of different sizes, one after another, on a site that has none to learn from at first. Whatever range the site
showed is kept with the time it was shown at. A job counts as well told when the first range that was shown once a tenth
of it had passed, from its first worker to its end, holds its true end. How many of all later ranges do is printed too.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.bars import Bar
from benchmarks.site import running

# Source images, side in pixels, thousands of images shown in training, images generated, with labels.
RUNS = [
    (80, 28, 8.0, 300, False),
    (400, 28, 12.0, 1500, True),
    (80, 32, 6.0, 3000, False),
    (400, 64, 2.0, 600, False),
    (80, 28, 20.0, 600, False),
    (400, 32, 8.0, 2000, True),
    (80, 64, 3.0, 1200, False),
    (400, 28, 16.0, 4000, False),
    (80, 32, 10.0, 400, False),
    (400, 64, 3.0, 2500, True),
]
LONGER = 5
FIRST_TENTH, MARKS = 0.1, (0.25, 0.5, 0.75, 0.9)

# Submits, follows as a page does, and prints for each job when it began and ended and what was shown in between.
FOLLOW = """
import io, json, sys, time
import django; django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from generation import jobs, source_sets, uploads
from generation.engine.config import RecipeRequest
from generation.engine.drawn import write_zip
from marketplace.accounts.models import User

user, _made = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})

def drawn(count):
    made = source_sets.create(user, f"Shapes {count}", dict.fromkeys(source_sets.DECLARATION, True))
    archive = io.BytesIO()
    write_zip(archive, count, 64)
    uploads.receive(made, SimpleUploadedFile("shapes.zip", archive.getvalue()))
    while made.uploads.exclude(state="done").exists():
        time.sleep(0.1)
    made.refresh_from_db()
    return made

def followed(job):
    shown = {}
    while not job.is_terminal:
        time.sleep(0.25)
        job.refresh_from_db()
        note(shown, job.snapshot)
    for event in job.events.filter(kind__in=("progress", "stage")):
        note(shown, event.payload | {"at": event.created_at.isoformat()})
    return {"state": job.state, "began": job.started_at.isoformat(), "ended": job.finished_at.isoformat(),
            "shown": [[at, *span] for at, span in sorted(shown.items())]}

def note(shown, message):
    span = message.get("data", {}).get("seconds_left")
    if span:
        shown[message["at"]] = span

runs = json.loads(sys.argv[1])
sets = {count: drawn(count) for count in {run[0] for run in runs}}
for images, resolution, kimg, count, labels in runs:
    request = RecipeRequest(preset="quick", resolution=resolution, kimg=kimg, labels=labels)
    print(json.dumps(followed(jobs.submit(user, sets[images], count=count, request=request))), flush=True)
"""


@dataclass(frozen=True)
class Shown:
    """A range, as seconds after the job began."""

    at: float
    low: float
    high: float

    def holds(self, end: float) -> bool:
        return self.low <= end <= self.high

    @property
    def ratio(self) -> float:
        return (self.high - self.at) / (self.low - self.at)


@dataclass(frozen=True)
class Followed:
    seconds: float
    shown: list[Shown]

    @property
    def late(self) -> list[Shown]:
        """What was shown once a tenth of it had passed."""
        return [one for one in self.shown if one.at >= FIRST_TENTH * self.seconds]

    def first_after(self, share: float) -> Shown | None:
        return next((one for one in self.shown if one.at >= share * self.seconds), None)

    def told_well(self, share: float = FIRST_TENTH) -> bool:
        found = self.first_after(share)
        return found is not None and found.holds(self.seconds)


def bars(*, full: bool) -> Iterator[Bar]:
    runs = followed([(n, side, kimg * (LONGER if full else 1), *rest) for n, side, kimg, *rest in RUNS])
    late = [one for run in runs for one in run.late]
    held = sum(one.holds(run.seconds) for run in runs for one in run.late)
    yield Bar(
        "jobs whose true end lay in the range shown after their first tenth",
        sum(run.told_well() for run in runs),
        0.8 * len(runs),
        f" of {len(runs)}",
        at_least=True,
        detail=f"{marks(runs)}; of all {len(late)} ranges shown later {held / len(late):.0%}; "
        f"seconds a job took: {', '.join(f'{run.seconds:.0f}' for run in runs)}",
    )
    yield Bar(
        "ends of the ranges shown after the first tenth, farthest apart",
        max(one.ratio for one in late),
        1.6,
        "x",
        detail=first_and_true(runs),
    )


def followed(runs: list[tuple[object, ...]]) -> list[Followed]:
    with running(workers=True) as site:
        lines = site.python("-c", FOLLOW, json.dumps(runs)).splitlines()
    return [read(json.loads(line)) for line in lines]


def read(row: dict[str, Any]) -> Followed:  # Any: JSON values
    if row["state"] != "succeeded":
        raise RuntimeError(f"a job {row['state']}")
    began, ended = (datetime.fromisoformat(row[name]) for name in ("began", "ended"))
    shown = [(seconds(began, at), low, high) for at, low, high in row["shown"]]
    return Followed(seconds(began, ended.isoformat()), [Shown(at, at + low, at + high) for at, low, high in shown])


def seconds(began: datetime, at: str) -> float:
    return (datetime.fromisoformat(at) - began).total_seconds()


def marks(runs: list[Followed]) -> str:
    return ", ".join(f"at {share:.0%} of it {sum(run.told_well(share) for run in runs)}" for share in MARKS)


def first_and_true(runs: list[Followed]) -> str:
    """At the first tenth: the end as it was told, and as it was."""
    firsts = [(run, run.first_after(FIRST_TENTH)) for run in runs]
    told = [f"{one.low:.0f}-{one.high:.0f} ({run.seconds:.0f})" for run, one in firsts if one is not None]
    return f"told at the first tenth, and true, in seconds from the start: {', '.join(told)}"
