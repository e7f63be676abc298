"""What a job will take, as far as it is known: time and bytes, each as a low and a high guess."""

from dataclasses import dataclass

from .engine import config
from .engine.config import RecipeRequest
from .engine.presets import SAMPLING_SPEED
from .models import Dataset, Generator, SourceSet

Range = tuple[float, float]

# Smaller datasets are mostly what is written around the images.
TELLING_COUNT = 64
# Of an image's raw bytes, from flat drawings to photographs; and what manifest and zip hold of each image.
LEAST_SHARE, MOST_SHARE = 0.3, 1.1
BESIDE_IMAGE = 350


@dataclass(frozen=True)
class Estimate:
    seconds: Range
    bytes: Range
    # From earlier jobs of this site, or a guess.
    time_known: bool
    size_known: bool


def estimate(source_set: SourceSet, request: RecipeRequest, count: int) -> Estimate:
    channels = source_set.channels(request.transparency)
    return Estimate(
        seconds=expected_seconds(source_set, request, count),
        bytes=expected_bytes(request.resolution, channels, count),
        time_known=known_speed(request) is not None,
        size_known=known_bytes(request.resolution, channels) is not None,
    )


def expected_seconds(source_set: SourceSet, request: RecipeRequest, count: int) -> Range:
    images = max(source_set.usable_count, config.MIN_IMAGES)
    low, high = config.expected_seconds(request, images=images, count=count, images_per_second=known_speed(request))
    return round(low, 1), round(high, 1)


def sampling_seconds(resolution: int, count: int) -> Range:
    """Of a generator that exists: nothing is trained."""
    seconds = 5.0 + count / SAMPLING_SPEED[resolution]
    return round(0.7 * seconds, 1), round(2.5 * seconds, 1)


def known_speed(request: RecipeRequest) -> float | None:
    """Images per second of the newest generator made with this recipe, on whatever this site runs on."""
    like = Generator.objects.filter(recipe__preset=request.preset, recipe__resolution=request.resolution)
    metrics = like.order_by("-pk").values_list("metrics", flat=True).first()
    return (metrics or {}).get("images_per_second")


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
