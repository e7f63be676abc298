"""Small versions of source images, for lists."""

import io

from django.core.files.storage import default_storage
from PIL import Image

SIDE = 192


def thumbnail(key: str) -> bytes:
    """PNG of at most SIDE pixels a side. JPEGs are decoded at reduced size, so a large one costs little."""
    with default_storage.open(key) as file, Image.open(file) as image:
        image.draft("RGB", (2 * SIDE, 2 * SIDE))
        image.thumbnail((SIDE, SIDE))
        out = io.BytesIO()
        image.save(out, "PNG")
    return out.getvalue()
