"""Class folders: which label a file in an archive has."""

import posixpath
from collections.abc import Iterable
from pathlib import PurePosixPath

IMAGE_SUFFIXES = frozenset(
    [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".heic", ".avif"]
)


def labels_of(names: Iterable[str]) -> dict[str, str]:
    """The label of each image by its folder. Empty when the folders do not tell at least two classes apart."""
    folders = {name: posixpath.dirname(name) for name in names if is_image_name(name)}
    shared = wrapper(set(folders.values()))
    labels = {name: "" if folder == shared else posixpath.basename(folder)[:100] for name, folder in folders.items()}
    return labels if len(set(labels.values()) - {""}) >= 2 else {}


def wrapper(folders: set[str]) -> str:
    """The folder that holds all others, '' at the top. Images that lie in it directly have no label."""
    safe = {folder.strip("/") for folder in folders}
    return posixpath.commonpath(safe) if safe and "" not in safe else ""


def is_image_name(name: str) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix in IMAGE_SUFFIXES or not suffix
