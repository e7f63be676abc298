from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from generation.engine.checkpoints import Checkpoint
from generation.engine.sheets import save_sheet
from generation.engine.training import Progress


@dataclass(frozen=True)
class Run:
    """A folder with one training run: checkpoint, generator, stats.jsonl and sheets of samples."""

    path: Path

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.pt"

    @property
    def generator(self) -> Path:
        return self.path / "generator.pt"

    def start(self) -> None:
        (self.path / "samples").mkdir(parents=True, exist_ok=True)
        (self.path / "stats.jsonl").write_text("")

    def record(self, progress: Progress) -> None:
        with (self.path / "stats.jsonl").open("a") as file:
            file.write(json.dumps(_figures(progress)) + "\n")
        if progress.samples is not None:
            save_sheet(progress.samples, self.path / "samples" / f"{round(1000 * progress.kimg):09}.png")
        if progress.checkpoint is not None:
            self.keep(progress.checkpoint)

    def keep(self, checkpoint: Checkpoint) -> None:
        checkpoint.save(self.checkpoint)
        checkpoint.generator_only().save(self.generator)


def _figures(progress: Progress) -> dict[str, float | bool | None]:
    names = ("kimg", "total_kimg", "seconds", "images_per_second", "loss_d", "loss_g", "augment_p", "r_t")
    return {name: getattr(progress, name) for name in (*names, "swd", "swd_floor", "done")}
