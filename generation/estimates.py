"""What a job will take and how good it will be, as far as it is known: each as a low and a high guess."""

from dataclasses import dataclass, replace

from . import experience
from .engine import config
from .engine.config import RecipeRequest
from .engine.presets import WIDE_SLOWDOWN, Plan, wide
from .experience import Found
from .models import Dataset, GenerationJob, JobTask, SourceSet

Range = tuple[float, float]

# Smaller datasets are mostly what is written around the images.
TELLING_COUNT = 64
# Of an image's raw bytes, from flat drawings to photographs; and what manifest and zip hold of each image.
LEAST_SHARE, MOST_SHARE = 0.3, 1.1
BESIDE_IMAGE = 350
# A guess from the tables, and a speed that was measured, may be off by so much.
ROUGH, MEASURED = (0.7, 2.5), (0.9, 1.3)


@dataclass(frozen=True)
class Estimate:
    seconds: Range
    bytes: Range
    # From how many earlier jobs the time is learnt; 0 where it is a guess.
    time_runs: int
    size_known: bool
    # SWD above the floor of real images; None where no earlier job tells.
    quality: Found | None


@dataclass(frozen=True)
class Training:
    kimg: float
    seconds: Range
    runs: int


def estimate(source_set: SourceSet, request: RecipeRequest, count: int) -> Estimate:
    channels = source_set.channels(request.transparency)
    training = expected_training(source_set, request)
    return Estimate(
        seconds=in_all(training, source_set, request, count),
        bytes=expected_bytes(request.resolution, channels, count),
        time_runs=training.runs,
        size_known=known_bytes(request.resolution, channels) is not None,
        quality=experience.distance(
            source_set.owner_id,
            preset=request.preset,
            resolution=request.resolution,
            channels=channels,
            images=source_set.usable_count,
            kimg=training.kimg,
        ),
    )


def expected_seconds(source_set: SourceSet, request: RecipeRequest, count: int) -> Range:
    return in_all(expected_training(source_set, request), source_set, request, count)


def in_all(training: Training, source_set: SourceSet, request: RecipeRequest, count: int) -> Range:
    pilot = config.pilot_seconds(request, trained_on(source_set), count)
    low, high = sampling_seconds(request.resolution, count)
    return round(pilot + training.seconds[0] + low, 1), round(pilot + training.seconds[1] + high, 1)


def expected_training(source_set: SourceSet, request: RecipeRequest) -> Training:
    images = trained_on(source_set)
    plan, kimg, guess = config.expected_length(request, images)
    for networks, slower in ((plan, 1.0), (widened(plan, request), WIDE_SLOWDOWN)):
        known = experience.speed(source_set.owner_id, networks, request.resolution) if networks else None
        if known is not None:
            _plan, kimg, speed = config.expected_length(request, images, slower * known.middle)
            speeds = known.low * speed / known.middle, known.high * speed / known.middle
            return Training(kimg, lasting(request, kimg, speeds, MEASURED), known.runs)
    return Training(kimg, lasting(request, kimg, (guess, guess), ROUGH), 0)


def widened(plan: Plan, request: RecipeRequest) -> Plan | None:
    """What `standard` becomes on a fast device."""
    return replace(plan, widths=wide(request.resolution)) if request.preset == "standard" else None


def lasting(request: RecipeRequest, kimg: float, speeds: Range, spread: Range) -> Range:
    """Seconds from the fastest to the slowest, and never longer than was asked for."""
    most = float("inf") if request.minutes is None else 60 * request.minutes
    seconds = [1000 * kimg / speed * factor for speed, factor in zip(reversed(speeds), spread, strict=True)]
    return min(most, seconds[0]), min(most, seconds[1])


def trained_on(source_set: SourceSet) -> int:
    return max(source_set.usable_count, config.MIN_IMAGES)


def sampling_seconds(resolution: int, count: int) -> Range:
    """Of a generator that exists: nothing is trained."""
    seconds = config.sampling_seconds(resolution, count)
    return round(ROUGH[0] * seconds, 1), round(ROUGH[1] * seconds, 1)


def remaining_seconds(job: GenerationJob) -> Range:
    """Of a job that goes on where this one ended."""
    low, high = sampling_seconds(job.requested["resolution"], job.count)
    task = job.tasks.filter(kind=JobTask.Kind.TRAIN).first()
    trained = job.state == GenerationJob.State.FAILED and job.generator_id is not None
    if trained or task is None or job.resolved is None:
        return low, high
    kimg = max(0.0, job.resolved["kimg"] - task.output.get("kimg", 0.0))
    speed = job.resolved["pilot"]["images_per_second"]
    ends = lasting(RecipeRequest.from_dict(job.requested), kimg, (speed, speed), MEASURED)
    return round(ends[0] + low, 1), round(ends[1] + high, 1)


def expected_bytes(resolution: int, channels: int, count: int) -> Range:
    known, raw = known_bytes(resolution, channels), resolution**2 * channels
    if known is not None:
        return 0.8 * known * count, 1.25 * known * count
    return (LEAST_SHARE * raw + BESIDE_IMAGE) * count, (MOST_SHARE * raw + BESIDE_IMAGE) * count


def known_bytes(resolution: int, channels: int) -> float | None:
    """Of an image of the newest dataset like it, with its share of the bundle."""
    like = Dataset.objects.filter(resolution=resolution, channels=channels, count__gte=TELLING_COUNT)
    row = like.order_by("-pk").values_list("size", "count").first()
    return row[0] / row[1] if row else None
