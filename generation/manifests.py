"""The manifest: one JSON line for each image of a dataset. Records find a line or an image by its number."""

import json
import struct
from typing import Any

Entry = dict[str, Any]  # Any: JSON values

# (part, bytes, offset in the part) of each image; (0, bytes, offset in the manifest) of each line.
RECORD = struct.Struct("<IIQ")
IMAGE_INDEX, LINE_INDEX = 1, 2


def file_name(index: int) -> str:
    return f"images/{index:08d}.png"


def line(entry: Entry) -> bytes:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def as_entry(index: int, made: Entry) -> Entry:
    """A manifest line from what the shard wrote about the image."""
    keys = ("sha256", "slot", "attempt", "seed", "label", "distance")
    return {"file": file_name(index)} | {key: made[key] for key in keys}
