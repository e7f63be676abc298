"""Checks and re-encodes images in a process of its own: `python -m generation.images`.

A picture from a stranger may crash or stall its decoder, so this side holds nothing worth losing. It imports the
standard library and Pillow only, reads frames on standard input and answers each on standard output.
"""

import hashlib
import io
from dataclasses import asdict, dataclass, field
from typing import Any

from PIL import Image, ImageChops, UnidentifiedImageError

from generation.flags import flags_of
from generation.likeness import look_of

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MAX_PIXELS = 50_000_000
LONG_SIDE = 1024
SHORT_SIDE = 16
ORIENTATION = 0x0112
# What makes each EXIF orientation upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class Rejected(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Checked:
    """What became of one file; `data` is the image as it will be stored, empty when rejected."""

    verdict: str
    reasons: list[str] = field(default_factory=list)
    width: int = 0
    height: int = 0
    mode: str = ""
    sha256: str = ""
    pixel_sha256: str = ""
    suffix: str = ""
    flags: list[str] = field(default_factory=list)
    look: str = ""  # in hexadecimal, for the frame
    data: bytes = b""

    def facts(self) -> dict[str, Any]:
        facts = asdict(self)
        del facts["data"]
        return facts


def check(data: bytes) -> Checked:
    digest = hashlib.sha256(data).hexdigest()
    try:
        checked = clean(data)
    except Rejected as rejected:
        checked = Checked("rejected", [rejected.reason])
    except (MemoryError, Image.DecompressionBombError):
        checked = Checked("rejected", ["too_large"])
    except Exception:  # decoders raise whatever they like on damaged data
        checked = Checked("rejected", ["damaged"])
    checked.sha256 = digest
    return checked


def clean(data: bytes) -> Checked:
    image = opened(data)
    lossy = image.format in ("JPEG", "MPO") or (image.format == "WEBP" and data[12:16] != b"VP8L")
    pixels, fixes = canonical(image)
    refuse_useless(pixels)
    suffix, encoded = encode(pixels, lossy)
    return Checked(
        verdict="fixed" if fixes else "accepted",
        reasons=fixes,
        width=pixels.width,
        height=pixels.height,
        mode=pixels.mode,
        pixel_sha256=pixel_hash(pixels),
        suffix=suffix,
        flags=flags_of(on_white(pixels)),
        look=look_of(on_white(pixels)).hex(),
        data=encoded,
    )


def opened(data: bytes) -> Image.Image:
    if not data:
        raise Rejected("empty")
    Image.init()
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise Rejected(what_else(data)) from None
    if image.width * image.height > MAX_PIXELS:
        raise Rejected("too_large")
    return image


def what_else(data: bytes) -> str:
    """A seller who sent HEIC or SVG is helped by other words than one who sent a text file."""
    if data.startswith(b"PK\x03\x04"):
        return "nested"
    other = data[4:8] == b"ftyp" or b"<svg" in data[:2000].lower() or data.startswith((b"%PDF", b"8BPS", b"\0\0\1\0"))
    return "format" if other else "not_an_image"


def canonical(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture as 8-bit L, LA, RGB or RGBA, upright and of bounded size, and the slugs of what had to be changed.

    It is made small before all else that makes a copy: fifty million pixels are 200 MB each time.
    """
    animated, turn, reduced = is_animated(image), orientation(image), max(image.size) > LONG_SIDE
    image.draft(None, (2 * LONG_SIDE, 2 * LONG_SIDE))
    image.load()
    image, deep = eight_bits(image)
    image = without_palette(image)
    if reduced:
        image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if turn is not None:
        image = image.transpose(turn)
    image, converted = coloured(image)
    changes = {"animation": animated, "rotated": turn is not None, "depth": deep}
    changes |= {"colours": converted, "reduced": reduced}
    return without_needless_colour(image), [slug for slug, happened in changes.items() if happened]


def is_animated(image: Image.Image) -> bool:
    return image.format != "MPO" and bool(getattr(image, "is_animated", False))


def orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a broken EXIF block says nothing about the pixels
        return None


def without_palette(image: Image.Image) -> Image.Image:
    if image.mode not in ("P", "PA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def eight_bits(image: Image.Image) -> tuple[Image.Image, bool]:
    if image.mode != "F" and not image.mode.startswith("I"):
        return image, False
    wide = image if image.mode in "IF" else image.convert("I")
    low, high = wide.getextrema()
    assert isinstance(low, (int, float))  # one band
    assert isinstance(high, (int, float))
    if wide.mode == "F" or low < 0 or high > 0xFFFF:
        scale, shift = 255 / ((high - low) or 1), -low * 255 / ((high - low) or 1)
    else:
        scale, shift = (1 / 257 if high > 255 else 1), 0
    return wide.point(lambda value: value * scale + shift).convert("L"), True


def coloured(image: Image.Image) -> tuple[Image.Image, bool]:
    """The image in L, RGB or, where one can see through it, RGBA, and whether colours were converted."""
    if image.has_transparency_data:
        full = image.convert("RGBA")
        opaque = full.getchannel("A").getextrema()[0] == 255
        return (full.convert("RGB") if opaque else without_the_unseen(full)), False
    if image.mode in ("L", "1"):
        return image.convert("L"), False
    return image.convert("RGB"), image.mode not in ("RGB", "RGBX")


def without_the_unseen(image: Image.Image) -> Image.Image:
    """What lies under full transparency is nobody's to see, and two images that look the same are the same."""
    seen = image.getchannel("A").point(lambda alpha: 255 if alpha else 0)
    return Image.composite(image, Image.new("RGBA", image.size), seen)


def without_needless_colour(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "LA"):
        return image
    red, green, blue, *alpha = image.split()
    if ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox():
        return image
    return Image.merge("LA", (red, *alpha)) if alpha else red


def on_white(image: Image.Image) -> Image.Image:
    """As L or RGB."""
    if image.mode in ("L", "RGB"):
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return without_needless_colour(page)


def refuse_useless(image: Image.Image) -> None:
    if min(image.size) < SHORT_SIDE:
        raise Rejected("tiny")
    if all(low == high for low, high in (band.getextrema() for band in image.split())):
        raise Rejected("one_colour")


def encode(image: Image.Image, lossy: bool) -> tuple[str, bytes]:
    """Re-encoding leaves EXIF, places and whatever hid behind the pixels behind."""
    buffer = io.BytesIO()
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    if lossy and image.mode in ("L", "RGB"):
        bare.save(buffer, "JPEG", quality=95, subsampling=0)
        return ".jpg", buffer.getvalue()
    bare.save(buffer, "PNG", compress_level=3)
    return ".png", buffer.getvalue()


def pixel_hash(image: Image.Image) -> str:
    digest = hashlib.sha256(f"{image.mode} {image.width}x{image.height}\n".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    from generation.frames import serve

    serve(check)
