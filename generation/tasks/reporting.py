"""What people see of a training run while it runs, spaced so that a long run tells no more than a short one."""

import time
from dataclasses import dataclass
from typing import Any

from generation import events, notes, previews
from generation.claims import Claim
from generation.engine.pictures import Pixels
from generation.engine.presets import SAMPLING_SPEED
from generation.engine.training import Progress
from generation.models import GenerationJob

from . import sheets

MAX_EVENTS = 600
MAX_PREVIEWS = 120
MIN_SECONDS = 2.0


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
    def __init__(self, job: GenerationJob, claim: Claim) -> None:
        self.job, self.claim = job, claim
        self.events, self.previews = Spacing(MAX_EVENTS), Spacing(MAX_PREVIEWS, power=2)
        self.score: dict[str, float | None] = {"swd": None, "swd_floor": None}

    def report(self, progress: Progress) -> None:
        if progress.swd is not None:
            self.score = {"swd": progress.swd, "swd_floor": progress.swd_floor}
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
        path = previews.keep(self.job, number, sheets.preview(samples))
        self.claim.advance(previews=number)
        events.record(self.job, "preview", {"kimg": kimg, "image": path})

    def data(self, progress: Progress) -> dict[str, Any]:
        names = ("kimg", "total_kimg", "images_per_second", "loss_d", "loss_g", "augment_p", "r_t")
        return (
            {name: getattr(progress, name) for name in names}
            | self.score
            | {"seconds_left": self.seconds_left(progress), "fraction": min(1.0, progress.kimg / progress.total_kimg)}
        )

    def seconds_left(self, progress: Progress) -> list[float]:
        training = max(0.0, progress.total_kimg - progress.kimg) * 1000 / max(progress.images_per_second, 1e-9)
        sampling = self.job.count / SAMPLING_SPEED[self.job.requested["resolution"]]
        return [round(0.9 * (training + sampling), 1), round(1.3 * (training + sampling) + 5, 1)]
