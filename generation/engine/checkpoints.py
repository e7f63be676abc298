from __future__ import annotations

import hashlib
import io
import os
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from generation.engine.config import BLOCK, Recipe, RecipeError

FORMAT = 2


class CheckpointError(Exception):
    """A checkpoint file that cannot be used; the message names it."""


@dataclass(frozen=True)
class Checkpoint:
    """A training run at one moment: tensors named "part/name" and plain values.

    `state` holds the counters that a resumed run needs, "best_kimg" of the best snapshot, which lies under "best/", and
    "generator_kimg" of the generator that would be delivered now. `environment` says what equal bytes depend on: torch
    version, instruction set, dtype and block.
    """

    recipe: Recipe
    kimg: float
    tensors: Mapping[str, Tensor]
    state: Mapping[str, Any] = field(default_factory=dict)  # Any: numbers, strings, lists of these
    environment: Mapping[str, str | int] = field(default_factory=dict)

    def part(self, name: str) -> dict[str, Tensor]:
        return part(self.tensors, name)

    def generator_only(self) -> Checkpoint:
        """The small file that sampling needs: the averaged generator alone, that of the best snapshot where one is
        kept and preferred; its `kimg` says where in the run it comes from."""
        generator = self.part(self.state.get("generator", "ema"))
        tensors = {f"ema/{key}": value for key, value in generator.items()}
        return Checkpoint(self.recipe, self.state.get("generator_kimg", self.kimg), tensors, {}, self.environment)

    def to_bytes(self) -> bytes:
        content = {
            "format": FORMAT,
            "recipe": self.recipe.to_dict(),
            "kimg": self.kimg,
            "tensors": dict(self.tensors),
            "state": dict(self.state),
            "environment": dict(self.environment),
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        return buffer.getvalue()

    def save(self, path: str | Path) -> str:
        """Write the file whole or not at all; returns its SHA-256 in hex."""
        path, content = Path(path), self.to_bytes()
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote; nothing in it is executed. Raises CheckpointError."""
        try:
            _check_sums(path)
            content = torch.load(path, map_location="cpu", weights_only=True)
        except OSError as error:
            raise CheckpointError(f"{path}: {error.strerror or error}") from error
        except (RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile, EOFError, ValueError, KeyError) as error:
            raise CheckpointError(f"{path}: the file is damaged or is not a checkpoint") from error
        return cls._from_content(content, path)

    @classmethod
    def _from_content(cls, content: Any, path: str | Path) -> Self:  # Any: whatever the file held
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise CheckpointError(f"{path}: not a checkpoint of this version")
        try:
            recipe = Recipe.from_dict(content["recipe"])
            return cls(recipe, content["kimg"], content["tensors"], content["state"], content["environment"])
        except (KeyError, TypeError, AttributeError, RecipeError) as error:
            raise CheckpointError(f"{path}: the checkpoint is incomplete") from error


def part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """What lies under "name/", without that prefix."""
    prefix = name + "/"
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """On the CPU, out of reach of later steps."""
    return {key: value.detach().to("cpu", copy=True) for key, value in tensors.items()}


def _check_sums(path: str | Path) -> None:
    """torch.load does not look at the checksums in the file."""
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            raise zipfile.BadZipFile


def file_sha256(path: str | Path) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def environment(instruction_set: str, dtype: str) -> dict[str, str | int]:
    return {"torch": str(torch.__version__), "instruction_set": instruction_set, "dtype": dtype, "block": BLOCK}
