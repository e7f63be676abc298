"""The manifest: one JSON line for each image of a dataset. Records find a line or an image by its number."""

import json
import re
import struct
from typing import Any

Entry = dict[str, Any]  # Any: JSON values

# (part, bytes, offset in the part) of each image; (0, bytes, offset in the manifest) of each line.
RECORD = struct.Struct("<IIQ")
IMAGE_INDEX, LINE_INDEX = 1, 2

UNFIT = re.compile(r"[^\w .()+,=@~-]")
UNLABELLED = "unlabelled"
MOST_IN_NAME = 100
# Names that one system or another keeps for itself.
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def file_name(index: int, label: str | None = None) -> str:
    """Images of a labelled dataset lie in a folder for each label."""
    folder = "" if label is None else f"{folder_name(label)}/"
    return f"images/{folder}{index:08d}.png"


def folder_name(label: str) -> str:
    """The label as a folder on any system; the manifest has it as it is."""
    name = UNFIT.sub("_", label)[:MOST_IN_NAME].strip(" .")
    return f"_{name}" if RESERVED.fullmatch(name.partition(".")[0]) else name or UNLABELLED


def line(entry: Entry) -> bytes:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def as_entry(index: int, made: Entry) -> Entry:
    """A manifest line from what the shard wrote about the image."""
    keys = ("sha256", "slot", "attempt", "seed", "label", "distance")
    return {"file": file_name(index, made["label"])} | {key: made[key] for key in keys}
