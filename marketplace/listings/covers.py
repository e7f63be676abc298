"""One small picture for a card: images of the free sample, four in a row. Nothing else of what is for sale is shown."""

import io

from PIL import Image

from generation import gallery

from .models import ListingVersion
from .samples import sample_indexes

COLUMNS, ROWS = 4, 2
SIDE = 64


def cover(version: ListingVersion) -> bytes:
    """A WebP of 256 × 128 pixels."""
    sheet = Image.new("RGB", (COLUMNS * SIDE, ROWS * SIDE))
    shown = sample_indexes(version)[: COLUMNS * ROWS]
    for place in range(COLUMNS * ROWS):
        # A dataset of fewer images than that repeats them.
        png = gallery.image_bytes(version.dataset, shown[place % len(shown)])
        sheet.paste(tile(png), (place % COLUMNS * SIDE, place // COLUMNS * SIDE))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=85)
    return buffer.getvalue()


def tile(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        # Small images keep their pixels; large ones are averaged.
        how = Image.Resampling.NEAREST if image.width <= SIDE else Image.Resampling.BOX
        small = image.convert("RGBA").resize((SIDE, SIDE), how)
        return Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
