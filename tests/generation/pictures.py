"""Pictures and archives for tests, drawn here: no file of anyone else's."""

import io
import random
import zipfile
from collections.abc import Mapping

from PIL import Image


def drawn(size: tuple[int, int] = (48, 40), mode: str = "RGB", seed: int = 0) -> Image.Image:
    """A small picture of random blocks, different for each seed."""
    dice = random.Random(seed)
    small = Image.frombytes("RGB", (6, 5), dice.randbytes(90))
    return small.resize(size, Image.Resampling.NEAREST).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(seed: int = 0, size: tuple[int, int] = (48, 40)) -> bytes:
    return encoded(drawn(size, seed=seed))


def zipped(files: Mapping[str, bytes], **options: object) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()
