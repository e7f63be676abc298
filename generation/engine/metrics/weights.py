"""Reading and writing tensors as safetensors: the length of a JSON header, the header, the numbers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class WeightsError(Exception):
    """A weights file that is missing, damaged or not the one that was meant."""


def write(path: Path, tensors: dict[str, Tensor]) -> str:
    """Keeps float32 tensors in `path` and their SHA-256, as sha256sum writes it, beside it; gives the SHA-256."""
    header, parts, end = {}, [], 0
    for name, tensor in sorted(tensors.items()):
        content = tensor.detach().cpu().float().contiguous().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + len(content)]}
        parts.append(content)
        end += len(content)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    content = len(text).to_bytes(8, "little") + text + b"".join(parts)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    hash_file(path).write_text(f"{sha256}  {path.name}\n")
    return sha256


def read(path: Path) -> dict[str, Tensor]:
    """Raises WeightsError where the file is missing or differs from the SHA-256 kept beside it."""
    content = checked(path, hash_file(path).read_text().split()[0])
    length = int.from_bytes(content[:8], "little")
    body = memoryview(content)[8 + length :]
    return {name: _tensor(entry, body) for name, entry in json.loads(content[8 : 8 + length]).items()}


def checked(path: Path, sha256: str) -> bytes:
    """What `path` holds. Raises WeightsError where its SHA-256 does not begin with `sha256`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): put the weights file back") from error
    found = hashlib.sha256(content).hexdigest()
    if not found.startswith(sha256):
        raise WeightsError(
            f"{path} is damaged or another file: its SHA-256 is {found[:16]}..., not {sha256[:16]}...; get it again"
        )
    return content


def hash_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _tensor(entry: dict[str, list[int]], body: memoryview) -> Tensor:
    first, end = entry["data_offsets"]
    return torch.from_numpy(np.frombuffer(body[first:end], dtype="<f4").astype(np.float32).reshape(entry["shape"]))
