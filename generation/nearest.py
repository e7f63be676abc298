"""The generated images that come nearest to a source image, each beside it. For the owner and for staff: source images
are private."""

from dataclasses import dataclass
from typing import Any

from .models import Dataset, SourceImage, SourceSet

Report = dict[str, Any]  # Any: JSON values


@dataclass(frozen=True)
class Pair:
    """A generated image and the source image closest to it, if that is still there."""

    image: int
    source: SourceImage | None
    distance: float


def of_dataset(dataset: Dataset) -> list[Pair]:
    return nearest(dataset.report, dataset.generator.source_set)


def nearest(report: Report, source_set: SourceSet) -> list[Pair]:
    """The report names a source image by the hash of its pixels."""
    pairs = (report.get("copies") or {}).get("nearest", [])
    hashes = [str(pair["source"]) for pair in pairs]
    # What a person erased keeps its row, without a name.
    named = source_set.images.filter(pixel_sha256__in=hashes).exclude(file_name="")
    sources = {image.pixel_sha256: image for image in named}
    return [Pair(pair["image"], sources.get(str(pair["source"])), pair["distance"]) for pair in pairs]
