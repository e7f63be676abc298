"""The cover of a dataset: eight of its images in a row, so that a card needs one request."""

import io
import random
from collections.abc import Sequence

from PIL import Image

from . import gallery
from .models import Dataset, DatasetFile

TILES = 8
LARGEST_TILE = 96


def indexes(count: int) -> list[int]:
    """Drawn at random but always the same: labels go round, so equal steps would meet the same ones."""
    return sorted(random.Random(0).sample(range(count), min(TILES, count)))


def strip(pngs: Sequence[bytes]) -> bytes:
    """A PNG; fewer images than tiles come again."""
    images = [Image.open(io.BytesIO(pngs[number % len(pngs)])) for number in range(TILES)]
    side = min(images[0].width, LARGEST_TILE)
    row = Image.new(images[0].mode, (TILES * side, side))
    for number, image in enumerate(images):
        row.paste(image.resize((side, side), Image.Resampling.LANCZOS), (number * side, 0))
    file = io.BytesIO()
    row.save(file, "PNG")
    return file.getvalue()


def cover(dataset: Dataset) -> bytes:
    """As it was stored with the dataset, or drawn now for one from before there were covers."""
    try:
        return gallery.stored(dataset, DatasetFile.Kind.COVER)
    except DatasetFile.DoesNotExist:
        return strip([gallery.image_bytes(dataset, index) for index in indexes(dataset.count)])
