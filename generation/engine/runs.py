from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.engine.checkpoints import Checkpoint
from generation.engine.config import Recipe, RecipeError, RecipeRequest
from generation.engine.data import ImageSet
from generation.engine.pictures import Pixels
from generation.engine.plots import curves
from generation.engine.sheets import growth, save_sheet
from generation.engine.training import Progress

# Each sheet of samples shows a run a fifth longer than the sheet before: some forty in a long run.
NEXT_SHEET = 1.2


class RunError(Exception):
    """A run folder that cannot be used as asked; the message names it and says what to do."""


@dataclass(frozen=True)
class Run:
    """A folder with one training run: recipe, checkpoint, generator, stats.jsonl, curves and sheets of samples."""

    path: Path

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.json"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.pt"

    @property
    def generator(self) -> Path:
        return self.path / "generator.pt"

    @property
    def stats(self) -> Path:
        return self.path / "stats.jsonl"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    def reserve(self) -> None:
        """Makes the folder, sees that it can be written and that it holds no run yet."""
        if self.checkpoint.exists():
            raise RunError(f"{self.path} holds a run already: go on with it by --resume, or name another folder")
        self.samples.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=self.path).close()

    def begin(self, requested: RecipeRequest, resolved: Recipe, images: ImageSet) -> None:
        source = {"count": len(images), "classes": _counts(images)}
        settings = {"requested": requested.to_dict(), "resolved": resolved.to_dict(), "images": source}
        self.recipe.write_text(json.dumps(settings, indent=2) + "\n")
        self.stats.write_text("")
        for sheet in self.samples.iterdir():
            sheet.unlink()

    def begun(self) -> Checkpoint:
        """The checkpoint to go on from."""
        if not self.checkpoint.exists():
            raise RunError(f"{self.checkpoint}: there is no checkpoint to go on from; begin without --resume")
        return Checkpoint.load(self.checkpoint)

    def requested(self) -> RecipeRequest:
        try:
            return RecipeRequest.from_dict(self._settings()["requested"])
        except (RecipeError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged() from error

    def class_counts(self) -> dict[str, int]:
        """How many of the images trained on each class had; empty where they had no labels."""
        try:
            return {str(name): int(count) for name, count in self._settings()["images"]["classes"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._damaged() from error

    def go_on(self, checkpoint: Checkpoint) -> None:
        """Figures that a killed run noted after its checkpoint are forgotten: they come anew."""
        kept = [line for line in self.figures() if line["kimg"] <= checkpoint.kimg]
        self.stats.write_text("".join(json.dumps(line) + "\n" for line in kept))

    def record(self, progress: Progress) -> None:
        with self.stats.open("a") as file:
            file.write(json.dumps(_figures(progress)) + "\n")
        if progress.samples is not None:
            self.keep_sheet(progress.samples, progress.kimg, last=progress.done)
        if progress.checkpoint is not None:
            progress.checkpoint.save(self.checkpoint)
            progress.checkpoint.generator_only().save(self.generator)

    def keep_sheet(self, pixels: Pixels, kimg: float, last: bool) -> None:
        if last or kimg >= NEXT_SHEET * self._last_sheet():
            save_sheet(pixels, self.samples / f"{round(1000 * kimg):09}.png")

    def draw(self) -> list[Path]:
        """The pictures of the whole run, anew: curves.svg, and growth.png where there are sheets."""
        figures = self.figures()
        if not figures:
            raise RunError(f"{self.stats}: there are no figures to draw yet")
        drawn = [self.path / "curves.svg"]
        drawn[0].write_text(curves(figures, self.path.resolve().name), encoding="utf-8")
        if sheets := sorted(self.samples.glob("*.png")):
            drawn.append(self.path / "growth.png")
            growth(sheets, self._resolution()).save(drawn[1], optimize=True)
        return drawn

    def figures(self) -> list[dict[str, Any]]:  # Any: the numbers of a line of stats.jsonl
        """The lines of stats.jsonl; one that a kill cut short is passed over."""
        if not self.stats.exists():
            raise RunError(f"{self.stats}: no such file; name a folder that train wrote")
        return [figures for line in self.stats.read_text().splitlines() if (figures := _parsed(line))]

    def _last_sheet(self) -> float:
        return max((int(sheet.stem) / 1000 for sheet in self.samples.glob("*.png")), default=0.0)

    def _resolution(self) -> int:
        try:
            return int(self._settings()["resolved"]["resolution"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged() from error

    def _settings(self) -> dict[str, Any]:  # Any: what `begin` wrote
        try:
            return dict(json.loads(self.recipe.read_text()))
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise self._damaged() from error

    def _damaged(self) -> RunError:
        return RunError(f"{self.recipe}: missing or damaged; name a folder that train wrote, or begin another run")


def _counts(images: ImageSet) -> dict[str, int]:
    """How many images each class has."""
    if images.labels is None:
        return {}
    return {name: int((images.labels == number).sum()) for number, name in enumerate(images.classes)}


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        figures = json.loads(line)
    except ValueError:
        return None
    return figures if isinstance(figures, dict) and "kimg" in figures else None


def _figures(progress: Progress) -> dict[str, Any]:  # Any: numbers, and the notes of a report
    names = ("kimg", "total_kimg", "seconds", "images_per_second", "loss_d", "loss_g", "augment_p", "r_t")
    figures = {name: getattr(progress, name) for name in (*names, "swd", "swd_floor", "done")}
    notes = [{"code": note.code, "kimg": note.kimg, **note.numbers} for note in progress.notes]
    return figures | ({"notes": notes} if notes else {})
