"""A copy detector as bytes: fitted once for a source set, it judges alike wherever it is read."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import torch

from generation.engine.metrics.copies import CopyDetector
from generation.engine.metrics.details import Details
from generation.engine.metrics.encoder import embed
from generation.engine.metrics.reach import Reach
from generation.engine.metrics.rows import Rows
from generation.engine.metrics.search import Floors, Search
from generation.engine.metrics.thumbs import Thumbs

HERE = Path(__file__).parent


@cache
def version() -> str:
    """Of the code and the weights that a detector comes from: another one's is no use."""
    digest = hashlib.sha256()
    for path in [*sorted(HERE.glob("*.py")), HERE / "encoder.safetensors.sha256"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def to_bytes(detector: CopyDetector) -> bytes:
    search = detector.search
    content = {
        "thumbs": vars(search.thumbs),
        "outlines": search.outlines,
        "rows": {"scales": list(search.rows.scales), "rows": search.rows.rows},
        "details": vars(search.details),
        "floors": vars(search.floors),
        "reach": vars(detector.reach),
        "calibration": detector.calibration,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def from_bytes(content: bytes) -> CopyDetector:
    """With the encoder that stands in this version. Nothing in it is executed."""
    found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    rows = found["rows"]
    search = _made(
        Search,
        thumbs=Thumbs(**found["thumbs"]),
        outlines=found["outlines"],
        rows=_made(Rows, encoder=embed, scales=tuple(rows["scales"]), rows=rows["rows"]),
        details=_made(Details, **found["details"]),
        floors=Floors(**found["floors"]),
    )
    return CopyDetector(search, Reach(**found["reach"]), found["calibration"])


def _made(kind: type[Any], **fields: Any) -> Any:  # Any: tensors and numbers
    """Without what its constructor would work out from the images."""
    made: Any = object.__new__(kind)
    vars(made).update(fields)
    return made
