"""What earlier jobs of this site tell of the next one: how fast they trained, and how near they came to real images.

One's own jobs count from the first on. Those of others count once three of a kind are known, and only as a range
without its extremes, so that no single job can be read out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .engine.presets import Plan
from .models import Dataset, Generator
from .readings import average

FEWEST, NEWEST = 3, 60
# Jobs with up to this many times more or fewer images, or as much longer or shorter, are like it.
ALIKE = 2.0

Known = TypeVar("Known")


@dataclass(frozen=True)
class Found:
    """Of `runs` earlier jobs: the middle value, and the range in which the middle half of them lie."""

    low: float
    middle: float
    high: float
    runs: int


def speed(owner_id: int, plan: Plan, resolution: int) -> Found | None:
    """Real images per second that these networks trained with, on the device of the newest of them."""
    alike = Generator.objects.filter(recipe__body=plan.body, recipe__resolution=resolution).order_by("-pk")
    rows = alike.values_list("owner_id", "recipe__widths", "metrics")[:NEWEST]
    runs = [
        (owner, metrics)
        for owner, widths, metrics in rows
        if tuple(widths) == plan.widths and metrics.get("images_per_second")
    ]
    here = [(owner, m["images_per_second"]) for owner, m in runs if device(m) == device(runs[0][1])]
    return summed_up(told(here, owner_id))


def device(metrics: dict[str, Any]) -> tuple[object, object]:  # Any: JSON values
    surroundings = metrics.get("environment", {})
    return surroundings.get("instruction_set"), surroundings.get("dtype")


def distance(owner_id: int, *, preset: str, resolution: int, channels: int, images: int, kimg: float) -> Found | None:
    """By how much generated images were farther from the real ones than other real images are: SWD above its floor."""
    alike = Dataset.objects.filter(resolution=resolution, channels=channels, generator__recipe__preset=preset)
    columns = ("generator", "owner", "generator__source_set__usable_count", "generator__metrics", "report__likeness")
    measured = {}
    for generator, owner, learnt_from, metrics, likeness in alike.order_by("-pk").values_list(*columns)[:NEWEST]:
        excess = above_floor(likeness or {})
        if excess is not None and is_near(learnt_from, images) and is_near(metrics.get("kimg") or 0, kimg):
            measured[generator] = (owner, excess)
    return summed_up(told(list(measured.values()), owner_id))


def above_floor(likeness: dict[str, Any]) -> float | None:  # Any: JSON values
    swd, floor = average(likeness.get("swd")), average(likeness.get("swd_floor"))
    return None if swd is None or floor is None else max(0.0, swd - floor)


def is_near(value: float, other: float) -> bool:
    return value <= ALIKE * other and other <= ALIKE * value


def told(runs: Sequence[tuple[int, Known]], owner_id: int) -> list[Known]:
    return [value for owner, value in runs if owner == owner_id or len(runs) >= FEWEST]


def summed_up(values: list[float]) -> Found | None:
    ordered = sorted(values)
    return Found(at(ordered, 0.25), at(ordered, 0.5), at(ordered, 0.75), len(ordered)) if ordered else None


def at(ordered: list[float], share: float) -> float:
    """What lies this share of the way from the least to the greatest."""
    place = share * (len(ordered) - 1)
    below, above = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return below + (place - int(place)) * (above - below)
