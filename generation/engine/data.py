from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from generation.engine.pictures import Pixels, prepare

__all__ = ["DataError", "ImageSet", "load", "prepare", "split_holdout"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".avif"}

Labels = npt.NDArray[np.int64]


class DataError(Exception):
    """Images that cannot be used; the message names the file."""


@dataclass(frozen=True)
class ImageSet:
    """Images ready for training: pixels uint8 [N,H,W,C] with C 1, 3 or 4 (straight alpha), labels int64 [N] into
    `classes` or None."""

    pixels: Pixels
    labels: Labels | None
    classes: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def channels(self) -> int:
        return int(self.pixels.shape[3])

    def subset(self, indices: Sequence[int] | npt.NDArray[np.integer]) -> ImageSet:
        chosen = np.asarray(indices, dtype=np.int64)
        labels = None if self.labels is None else self.labels[chosen]
        return ImageSet(self.pixels[chosen], labels, self.classes, tuple(self.names[i] for i in chosen))


def load(
    path: str | Path,
    resolution: int,
    *,
    fit: str = "crop",
    labels: bool = False,
    limit: int | None = None,
    transparency: str = "white",
) -> ImageSet:
    """Read a folder or a zip at any depth; text, hidden files and __MACOSX are passed over.

    With `labels` the folder that holds an image is its class. One channel if every image is grey, else three, or four
    if any is transparent and `transparency` is "keep"; "white" puts it on white.
    `limit` takes that many images, evenly spaced. Raises DataError.
    """
    channels = 4 if transparency == "keep" else 3
    with _opened(Path(path)) as source:
        names = _spread(sorted(name for name in source.names() if _is_image(name)), limit)
        if not names:
            raise DataError(
                f"{path}: there are no images in it; give a folder or a zip of PNG, JPEG, WebP or other images"
            )
        pixels = np.stack([_decode(source, name, resolution, fit, channels) for name in names])
    pixels = _without_needless_channels(pixels)
    if len(pixels) > 1 and (pixels == pixels[0]).all():
        raise DataError(f"{path}: all images are the same")
    folders = [PurePosixPath(name).parent.name for name in names]
    classes = tuple(sorted(set(folders))) if labels else ()
    if labels and len(classes) < 2:
        raise DataError(f"{path}: labels need images in at least two class folders")
    numbers = np.array([classes.index(folder) for folder in folders], dtype=np.int64) if labels else None
    return ImageSet(pixels, numbers, classes, tuple(names))


def split_holdout(images: ImageSet, seed: int) -> tuple[ImageSet, ImageSet]:
    """-> train, holdout: a tenth set aside, 20 to 1,000 images, at least 200 of 1,000 or more, none of under 200."""
    total = len(images)
    size = 0 if total < 200 else min(1000, max(20 if total < 1000 else 200, round(total / 10)))
    order = np.random.default_rng([seed, total]).permutation(total)
    return images.subset(np.sort(order[size:])), images.subset(np.sort(order[:size]))


def side_of(path: str | Path) -> int:
    """The longer side, in pixels, of the first image in a folder or zip. Raises DataError."""
    with _opened(Path(path)) as source:
        names = sorted(name for name in source.names() if _is_image(name))
        if not names:
            raise DataError(
                f"{path}: there are no images in it; give a folder or a zip of PNG, JPEG, WebP or other images"
            )
        try:
            with Image.open(io.BytesIO(source.read(names[0]))) as image:
                return max(image.size)
        except OSError as error:
            raise DataError(f"{names[0]}: the image cannot be read; take it out or replace it") from error


class _Source(Protocol):
    def names(self) -> list[str]: ...
    def read(self, name: str) -> bytes: ...


class _Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        return [file.relative_to(self.path).as_posix() for file in self.path.rglob("*") if file.is_file()]

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive

    def names(self) -> list[str]:
        return [entry.filename for entry in self.archive.infolist() if not entry.is_dir()]

    def read(self, name: str) -> bytes:
        return self.archive.read(name)


@contextmanager
def _opened(path: Path) -> Iterator[_Source]:
    if path.is_dir():
        yield _Folder(path)
        return
    if not path.exists():
        raise DataError(f"{path}: there is no such folder or zip")
    try:
        with zipfile.ZipFile(path) as archive:
            yield _Zip(archive)
    except zipfile.BadZipFile as error:
        raise DataError(f"{path}: not a folder and not a whole zip; fetch or make it again") from error


def _is_image(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return not hidden and path.suffix.lower() in SUFFIXES


def _spread(names: list[str], limit: int | None) -> list[str]:
    if limit is None or limit >= len(names):
        return names
    return [names[i * len(names) // limit] for i in range(limit)]


def _decode(source: _Source, name: str, resolution: int, fit: str, channels: int) -> Pixels:
    try:
        with Image.open(io.BytesIO(source.read(name))) as image:
            if image.mode == "RGB":
                image.draft("RGB", (3 * resolution, 3 * resolution))
            return prepare(image, resolution, fit, channels)
    except Image.DecompressionBombError as error:
        raise DataError(f"{name}: the image has too many pixels") from error
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise DataError(f"{name}: the image cannot be read; take it out or replace it") from error


def _without_needless_channels(pixels: Pixels) -> Pixels:
    if pixels.shape[3] == 4:
        if (pixels[..., 3] < 255).any():
            return pixels
        pixels = pixels[..., :3]
    grey = (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all()
    return np.ascontiguousarray(pixels[..., :1] if grey else pixels)
