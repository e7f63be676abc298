"""Source images as the engine wants them, decoded once per set, resolution and fit."""

import io
import os
import socket
from collections.abc import Callable

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image

from generation.engine.config import RecipeRequest
from generation.engine.data import ImageSet, prepare
from generation.models import SourceImage, SourceSet

from .endings_of_work import Impossible


def load(source_set: SourceSet, request: RecipeRequest, check: Callable[[], None]) -> ImageSet:
    channels = source_set.channels(request.transparency)
    key = place(source_set, f"{request.resolution}-{channels}-{request.fit}.npz")
    if not default_storage.exists(key):
        write(key, decoded(source_set, request, check))
    return read(key)


def place(source_set: SourceSet, name: str) -> str:
    """Of what is worked out from a set's images once: it goes when they go."""
    return f"{source_set.folder}/{source_set.fingerprint}-{name}"


def decoded(source_set: SourceSet, request: RecipeRequest, check: Callable[[], None]) -> ImageSet:
    # The order of the fingerprint, so that equal sets give equal arrays.
    rows = list(source_set.usable_images.order_by("pixel_sha256", "label"))
    side, channels = request.resolution, source_set.channels(request.transparency)
    pixels = np.empty((len(rows), side, side, channels), dtype=np.uint8)
    for number, row in enumerate(rows):
        check()
        pixels[number] = one(row, request, channels)
    refuse_the_same(pixels)
    classes = tuple(sorted({row.label for row in rows}))
    labels = np.array([classes.index(row.label) for row in rows], dtype=np.int64)
    return ImageSet(pixels, labels, classes, tuple(row.pixel_sha256 for row in rows))


def one(row: SourceImage, request: RecipeRequest, channels: int) -> np.ndarray:
    with default_storage.open(row.key) as file, Image.open(file) as image:
        return prepare(image, request.resolution, request.fit, channels)


def refuse_the_same(pixels: np.ndarray) -> None:
    """Intake refuses images that are equal; as small as this, or on white, different ones may become it."""
    if len(pixels) > 1 and (pixels == pixels[0]).all():
        text = _("All images are the same at this resolution, so there is nothing to learn.")
        advice = _("Choose a higher resolution; keep the transparency of images that are white; or add other images.")
        raise Impossible(f"{text} {advice}")


def write(key: str, images: ImageSet) -> None:
    buffer = io.BytesIO()
    assert images.labels is not None
    classes, names = np.array(images.classes, dtype=str), np.array(images.names, dtype=str)
    np.savez(buffer, pixels=images.pixels, labels=images.labels, classes=classes, names=names)
    keep(key, buffer.getvalue())


def keep(key: str, content: bytes) -> None:
    """Whole or not at all: another task of this set may be about to read it."""
    unfinished = f"{key}.{socket.gethostname()}.{os.getpid()}"
    try:
        default_storage.save(unfinished, ContentFile(content))
        with default_storage.open(unfinished) as file:
            default_storage.save(key, file)
    finally:
        default_storage.delete(unfinished)


def read(key: str) -> ImageSet:
    with default_storage.open(key) as file, np.load(io.BytesIO(file.read()), allow_pickle=False) as arrays:
        classes, names = (tuple(str(text) for text in arrays[name]) for name in ("classes", "names"))
        return ImageSet(arrays["pixels"], arrays["labels"], classes, names)
