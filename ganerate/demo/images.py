"""The images the demo uploads: the person's own, or a small set that the project draws itself."""

import zipfile
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from generation.engine.drawn import write_zip

from .client import DemoFailed

DRAWN_COUNT = 1_200
DRAWN_SIZE = 64


def archive(images: Path | None, folder: Path) -> Path:
    """A zip to upload. A folder is packed first, names kept."""
    if images is None:
        target = folder / "drawn-shapes.zip"
        write_zip(target, count=DRAWN_COUNT, size=DRAWN_SIZE, seed=1)
        return target
    if not images.exists():
        raise DemoFailed(f"IMAGES={images} does not exist.")
    if images.is_file():
        return images
    target = folder / f"{images.resolve().name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(path for path in images.rglob("*") if path.is_file()):
            packed.write(path, path.relative_to(images.parent if images.name else images))
    return target


def suited_resolution(path: Path) -> int:
    """28 for handwriting-sized images, 64 for anything with more in it."""
    return 28 if typical_side(path) <= 32 else 64


def typical_side(path: Path) -> int:
    sides = []
    with zipfile.ZipFile(path) as packed:
        names = [entry for entry in packed.infolist() if not entry.is_dir()]
        for entry in names[:: max(1, len(names) // 50)]:
            try:
                with packed.open(entry) as file, Image.open(file) as image:
                    sides.append(min(image.size))
            except (UnidentifiedImageError, OSError):
                continue
    return sorted(sides)[len(sides) // 2] if sides else 64
