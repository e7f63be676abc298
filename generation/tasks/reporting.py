"""What people see of a job while it runs, spaced so that a long run tells no more than a short one."""

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from django.db import DatabaseError, connection
from django.utils import timezone

from generation import durations, events, notes, previews, remaining
from generation.claims import Claim, Lost
from generation.engine.pictures import Pixels
from generation.engine.training import Progress
from generation.models import GenerationJob
from generation.remaining import Pace, Training

from . import sheets

Data = dict[str, Any]  # Any: JSON values

MAX_EVENTS = 600
MAX_PREVIEWS = 120
MIN_SECONDS = 2.0
TELL_SECONDS = 1.0
WORKER_COMES = 10.0


@dataclass
class Spacing:
    """Lets something through at most `most` times between fraction 0 and 1, and not twice within two seconds.

    With `power` 2 it comes densely at first, when much changes, and sparsely later.
    """

    most: int
    power: int = 1
    step: int = -1
    at: float = float("-inf")

    def due(self, fraction: float) -> bool:
        step = int(fraction ** (1 / self.power) * self.most)
        if step <= self.step or time.monotonic() - self.at < MIN_SECONDS:
            return False
        self.step, self.at = step, time.monotonic()
        return True


class Reporter:
    """Of a training run. What is measured only now and then is told again until there is a newer figure."""

    def __init__(self, job: GenerationJob, claim: Claim) -> None:
        self.job, self.claim = job, claim
        self.events, self.previews = Spacing(MAX_EVENTS), Spacing(MAX_PREVIEWS, power=2)
        self.score: dict[str, float | None] = {"swd": None, "swd_floor": None, "r_v": None}
        assert job.resolved is not None
        self.outlook = durations.outlook(job, job.resolved)
        pilot = (job.resolved.get("pilot") or {}).get("images_per_second") or self.outlook.kind.usual_speed
        self.left = Training(1 / pilot, self.outlook.paused(pilot))
        self.open(claim.task.output.get("kimg", 0.0), job.resolved["kimg"])

    def open(self, kimg: float, total: float) -> None:
        """Before the first report there is what the pilot measured."""
        left = self.seconds_left(kimg, total)
        events.tick(self.job, {"kimg": kimg, "total_kimg": total, "fraction": kimg / total, "seconds_left": left})

    def report(self, progress: Progress) -> None:
        if progress.swd is not None:
            self.score = {name: getattr(progress, name) for name in self.score}
        for note in progress.notes:
            notes.tell(self.job, note.code, note.kimg, note.numbers)
        data = self.data(progress)
        if progress.done or self.events.due(data["fraction"]):
            events.record(self.job, "progress", data)
        else:
            events.tick(self.job, data)
        if progress.samples is not None and (progress.done or self.previews.due(data["fraction"])):
            self.show(progress.samples, progress.kimg)

    def show(self, samples: Pixels, kimg: float) -> None:
        number = self.claim.task.output.get("previews", 0) + 1
        # The number first: no successor uses it then, however late this one writes.
        self.claim.advance(previews=number)
        path = previews.keep(self.job, number, sheets.preview(samples))
        events.record(self.job, "preview", {"kimg": kimg, "image": path})

    def data(self, progress: Progress) -> Data:
        names = ("kimg", "total_kimg", "images_per_second", "loss_d", "loss_g", "augment_p", "r_t")
        fraction = min(1.0, progress.kimg / progress.total_kimg)
        self.left.see(time.monotonic(), progress.seconds, 1000 * progress.kimg, fraction)
        left = self.seconds_left(progress.kimg, progress.total_kimg)
        figures = {name: getattr(progress, name) for name in names}
        return figures | self.score | {"seconds_left": left, "fraction": fraction}

    def seconds_left(self, kimg: float, total: float) -> list[float]:
        training = self.left.left(max(0.0, 1000 * (total - kimg)), min(1.0, kimg / total), 1000 * total)
        later = self.outlook.ahead(1 / self.left.per_image(1000 * total))
        return remaining.around(training + remaining.after("training", later))


@dataclass
class Stage:
    """One that is under way: what is known of how far it is."""

    name: str
    expected: float
    began: float = field(default_factory=time.monotonic)
    figures: Data = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    def see(self, done: int, of: int, figures: Data) -> None:
        self.pace.see(self.elapsed, done)
        self.figures = figures | {"done": done, "of": of, "fraction": done / of}

    @property
    def shown(self) -> Data:
        if self.name != "sampling" or len(self.pace.points) < 2:
            return self.figures
        return self.figures | {"images_per_second": round(1 / self.per_unit(self.figures["of"]), 1)}

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    @property
    def left(self) -> float:
        if not self.figures:
            return remaining.of_stage(self.expected, self.elapsed)
        done, of = self.figures["done"], self.figures["of"]
        return (of - done) * self.per_unit(of)

    def per_unit(self, of: int) -> float:
        """Until it is measured, by what was expected for all but the preparations."""
        prepared, _done = self.pace.points[0]
        guess = max(self.expected - prepared, remaining.OVERDUE * self.expected) / of
        return self.pace.per_unit(guess, remaining.GUESS_WEIGHS * of)


class Teller(threading.Thread):
    """Tells about once a second where the stages after training are, whatever the work itself is busy with.

    In a thread with a database connection of its own, like the heartbeat.
    """

    def __init__(self, job: GenerationJob) -> None:
        super().__init__(name=f"teller of {job.group}", daemon=True)
        assert job.generator is not None
        self.job, self.own = job, GenerationJob.objects.get(pk=job.pk)
        self.own.fence = job.fence
        self.expected = durations.outlook(job, job.generator.recipe).ahead(speed_of(job.generator.metrics))
        self.stage = Stage(job.stage, self.expected.get(job.stage, 0.0), time.monotonic() - since_stage(job))
        self.over = threading.Event()

    def enter(self, stage: str) -> None:
        self.stage = Stage(stage, self.expected[stage])
        events.record(self.job, "stage", {"seconds_left": self.seconds_left}, stage=stage)

    def see(self, done: int, of: int, **figures: float) -> None:
        self.stage.see(done, of, figures)

    @property
    def data(self) -> Data:
        return self.stage.shown | {"seconds_left": self.seconds_left}

    @property
    def seconds_left(self) -> list[float]:
        return remaining.around(self.stage.left + remaining.after(self.stage.name, self.expected))

    def run(self) -> None:
        try:
            while not self.over.wait(TELL_SECONDS):
                self.tell()
        finally:
            connection.close()

    def tell(self) -> None:
        try:
            self.own.refresh_from_db(fields=["state", "stage"])
            if self.own.stage == self.stage.name and not self.own.is_terminal:
                events.tick(self.own, self.data)
        except Lost:
            self.over.set()
        except DatabaseError:
            # The next second tells as much.
            connection.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.over.set()
        self.join()


def since_stage(job: GenerationJob) -> float:
    """A worker takes seconds to come; what took longer was an interruption."""
    begun = job.events.filter(kind="stage").last()
    return min(WORKER_COMES, (timezone.now() - begun.created_at).total_seconds()) if begun else 0.0


def speed_of(metrics: Data) -> float | None:
    """Images per second without the pauses, of the training that a generator comes from."""
    return 1000 * metrics["kimg"] / metrics["seconds"] if metrics.get("seconds") else None
