"""What everybody may look at before buying: small pictures with a mark across, which train nothing."""

import io
from functools import cache

from django.core.cache import cache as shared
from PIL import Image, ImageDraw, ImageFont

from generation import gallery

from .models import ListingVersion

SIDE = 160
# Part of each picture's tag: another look is another file.
LOOK = "1"
KEPT_SECONDS = 24 * 3600
MARK, ANGLE = "GANerate", 30
LIGHT, SHADE = (255, 255, 255, 104), (0, 0, 0, 84)


def tag(version: ListingVersion, index: int) -> str:
    return f'"{LOOK}-{version.dataset.content_hash[:24]}-{index}"'


def picture(version: ListingVersion, index: int) -> bytes:
    """A WebP of at most 160 pixels, without any metadata."""
    key = f"grid-{version.dataset_id}-{tag(version, index)}"
    found: bytes | None = shared.get(key)
    if found is None:
        found = marked(gallery.image_bytes(version.dataset, index))
        shared.set(key, found, KEPT_SECONDS)
    return found


def marked(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as image:
        # Small images keep their pixels; large ones are averaged.
        how = Image.Resampling.NEAREST if image.width <= SIDE else Image.Resampling.BOX
        small = image.convert("RGBA").resize((SIDE, SIDE), how)
    flat = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    buffer = io.BytesIO()
    Image.alpha_composite(flat, watermark()).convert("RGB").save(buffer, "WEBP", quality=82)
    return buffer.getvalue()


@cache
def watermark() -> Image.Image:
    """The name twice, slanting; light with a dark edge, so that it is seen on any ground."""
    wide = Image.new("RGBA", (SIDE * 2, SIDE * 2))
    pen, font = ImageDraw.Draw(wide), ImageFont.load_default(21)
    for row in range(-1, 5):
        for column in range(3):
            place = column * 132 + row % 2 * 66 - 20, row * 76 + 20
            pen.text((place[0] + 1, place[1] + 1), MARK, font=font, fill=SHADE)
            pen.text(place, MARK, font=font, fill=LIGHT)
    turned = wide.rotate(ANGLE, Image.Resampling.BICUBIC)
    corner = SIDE // 2
    return turned.crop((corner, corner, corner + SIDE, corner + SIDE))
