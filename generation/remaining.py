"""How much longer a job takes, as a range: from what this run has measured so far, and from what earlier jobs took.

Figures in, figures out: no clock is read here and no row. Lengths of time are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .engine.presets import SAMPLING_SPEED

# The ends of a range are the likely time divided and multiplied by this: they differ by 1.56 times.
SPREAD = 1.25
# Nobody waits for less.
SHORTEST = 1.0
# A machine's speed changes while others work on it: what counts is the later half, or the last seconds of a short run.
RECENT = 30.0
MOST_POINTS = 400
# What is expected of the pauses weighs as much as this share of the run, once it is measured; of a pace, as this part.
PAUSES_WEIGH, GUESS_WEIGHS = 0.25, 0.05
# A stage that takes longer than expected goes on for at least this share of what it has taken.
OVERDUE = 0.2
# A sampling worker that stays this long keeps what it has prepared for the stages that follow.
KEPT_SECONDS = 600.0

# As many as the engine makes in a run.
EVALUATIONS = 8
LATER = ("sampling", "screening", "evaluating", "packing")
Range = list[float]


def around(seconds: float) -> Range:
    seconds = max(seconds, SHORTEST)
    return [round(seconds / SPREAD, 2), round(seconds * SPREAD, 2)]


def aged(span: Range, seconds: float) -> Range:
    """A range that was said so long ago."""
    return [round(max(0.0, end - seconds), 2) for end in span]


@dataclass(frozen=True)
class Size:
    """What decides how long a stage takes on a given machine."""

    resolution: int
    sources: int
    count: int
    labelled: bool

    @property
    def held_out(self) -> int:
        """About as many as the engine sets aside, and compares with at each evaluation."""
        return 0 if self.sources < 200 else self.sources // 10 if self.sources < 1000 else 200

    def usual(self) -> dict[str, float]:
        """Seconds of each stage after training, and of the pauses of training, on the machine that the tables were
        measured on. Fitted to processor time for 80 to 1,200 source images; earlier jobs correct it."""
        side, ground = self.resolution / 64, 0.3 + 0.002 * max(1, self.sources)
        evaluation = 0.1 + 0.011 * self.held_out * side
        return {
            "pauses": (EVALUATIONS + 1) * evaluation,
            "sampling": 2.5 + ground + self.count / SAMPLING_SPEED[self.resolution],
            "screening": 0.02 + 2e-5 * self.count,
            "evaluating": 1.9 + 0.0012 * min(self.count, 2_000) + evaluation + (0.5 if self.labelled else 0.0),
            "packing": 0.05 + 2e-5 * self.count,
            # Where another process must prepare again what the sampling worker had.
            "again": ground,
        }


@dataclass
class Pace:
    """Seconds for one unit of work, by what was measured last."""

    points: list[tuple[float, float]] = field(default_factory=list)

    def see(self, seconds: float, units: float) -> None:
        """That many seconds and units since the beginning."""
        self.points.append((seconds, units))
        if len(self.points) > MOST_POINTS:
            del self.points[1:-1:2]

    def per_unit(self, guess: float, worth: float) -> float:
        """`guess` counts as if it had been measured over `worth` units."""
        seconds, units = self.recent()
        return (guess * worth + seconds) / (worth + units) if worth + units else guess

    def recent(self) -> tuple[float, float]:
        if len(self.points) < 2:
            return 0.0, 0.0
        (first, _units), (last, done) = self.points[0], self.points[-1]
        since = last - max(RECENT, (last - first) / 2)
        begun, before = next((point for point in reversed(self.points[:-1]) if point[0] <= since), self.points[0])
        return last - begun, done - before


@dataclass
class Training:
    """The rest of a training run: by the pace of training proper, and the pauses that are still to come.

    `guess` is seconds per image as the pilot measured them, `pauses` what is expected of those of a whole run.
    """

    guess: float
    pauses: float
    pace: Pace = field(default_factory=Pace)
    # Clock, seconds and fraction of the first report.
    first: tuple[float, float, float] | None = None
    paused: float = 0.0
    done: float = 0.0

    def see(self, clock: float, seconds: float, images: float, fraction: float) -> None:
        """A report: what the clock says, seconds of training proper, and how far it is."""
        self.first = self.first or (clock, seconds, fraction)
        at, before, passed = self.first
        self.paused, self.done = max(0.0, clock - at - (seconds - before)), fraction - passed
        self.pace.see(seconds, images)

    def left(self, images: float, fraction: float, whole: float) -> float:
        """`images` are still to be shown, of `whole`."""
        pauses = (PAUSES_WEIGH * self.pauses + self.paused) / (PAUSES_WEIGH + self.done)
        return images * self.per_image(whole) + (1 - fraction) * pauses

    def per_image(self, whole: float) -> float:
        return self.pace.per_unit(self.guess, GUESS_WEIGHS * whole)


def of_stage(expected: float, elapsed: float) -> float:
    """What is left of a stage that does not know how far it is."""
    return max(expected - elapsed, OVERDUE * elapsed)


def after(stage: str, expected: Mapping[str, float]) -> float:
    """The stages that follow on this one."""
    following = LATER if stage not in LATER else LATER[LATER.index(stage) + 1 :]
    return sum(expected[name] for name in following)
