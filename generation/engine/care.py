from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from generation.engine import guard
from generation.engine.checkpoints import Checkpoint, copied, part
from generation.engine.data import ImageSet
from generation.engine.guard import NOT_FINITE, OVERFITTING, Condition, Evaluation, Reading
from generation.engine.progress import Note
from generation.engine.trainer import Trainer
from generation.engine.validation import Judge

EVALUATIONS = 8
READ_EVERY = 64


class Caretaker:
    """Looks after one run: evaluates it, keeps its best snapshot, adjusts it, and goes back where it is unwell.

    It acts at fixed steps only, so that a run that was stopped and resumed is cared for like one that was not.
    """

    def __init__(self, trainer: Trainer, images: ImageSet, holdout: ImageSet | None) -> None:
        self.trainer = trainer
        self.judge = Judge(images, holdout, trainer.recipe)
        self.condition = Condition()
        self.snapshot: Mapping[str, Tensor] | None = None
        self.snapshot_kimg = 0.0
        self.best: dict[str, float] = {}
        self.delivered_kimg: float | None = None
        self.evaluation: Evaluation | None = None
        self.evaluation_steps = {round(trainer.total_steps * n / EVALUATIONS) for n in range(1, EVALUATIONS + 1)}
        self.notes: list[Note] = []
        self.seconds = 0.0

    @property
    def finished(self) -> bool:
        return self.trainer.finished or bool(self.condition.given_up)

    @property
    def has_news(self) -> bool:
        return bool(self.notes) or self.evaluation is not None

    @property
    def prefers_snapshot(self) -> bool:
        """Whether the snapshot is a better generator than the average of now."""
        if self.snapshot is None or self.delivered_kimg is not None:
            return False
        chosen_by_score = self.condition.best_score is not None
        return chosen_by_score or bool(self.condition.given_up) or not self.trainer.all_finite()

    @property
    def generator_kimg(self) -> float:
        """Where in the run the generator comes from that would be delivered now."""
        if self.delivered_kimg is not None:
            return self.delivered_kimg
        return self.snapshot_kimg if self.prefers_snapshot else self.trainer.kimg

    def look(self) -> None:
        """To be called after each step."""
        steps = self.trainer.steps
        if steps % READ_EVERY and steps not in self.evaluation_steps:
            return
        finding = self._read()
        if not finding and steps in self.evaluation_steps:
            started = time.perf_counter()
            finding = self._evaluate()
            self.seconds += time.perf_counter() - started
        if finding and (self.trainer.recipe.guarded or finding == NOT_FINITE):
            self._react(finding)

    def deliver(self) -> bool:
        """Make the average the one to deliver and say which it is; False where there is none."""
        if self.delivered_kimg is not None:
            return True
        if self.condition.given_up and self.snapshot is None:
            return False
        kimg, by_score = self.generator_kimg, self.condition.best_score is not None
        if self.prefers_snapshot and self.snapshot is not None:
            self.trainer.ema.load_state_dict(part(self.snapshot, "ema"))
        self.delivered_kimg = kimg
        if self.trainer.recipe.guarded:
            code, figures = ("delivers-best", self.best) if by_score else ("delivers-last", {})
            self.notes.append(Note(code, self.trainer.kimg, {"best_kimg": kimg, **figures}))
        return True

    def checkpoint(self, seconds: float) -> Checkpoint:
        plain = self.trainer.checkpoint(seconds)
        kept = {} if self.delivered_kimg is not None else self.snapshot or {}
        state = {
            **plain.state,
            "guard": self.condition.to_dict(),
            "best": self.best,
            "best_kimg": self.snapshot_kimg,
            "delivered_kimg": self.delivered_kimg,
            "generator_kimg": self.generator_kimg,
            "generator": "best/ema" if self.prefers_snapshot else "ema",
        }
        # The snapshot's tensors never change, so they need no copies.
        return replace(
            plain, tensors={**plain.tensors, **{f"best/{key}": value for key, value in kept.items()}}, state=state
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`. Raises CheckpointError."""
        self.trainer.restore(checkpoint)
        state = checkpoint.state
        self.condition = Condition.from_dict(state["guard"])
        self.snapshot = checkpoint.part("best") or None
        self.best, self.snapshot_kimg = dict(state["best"]), state["best_kimg"]
        self.delivered_kimg = state["delivered_kimg"]
        self._apply()
        if checkpoint.environment != self.trainer.environment:
            self.notes.append(Note("other-machine", self.trainer.kimg))

    def _read(self) -> str:
        loss = sum(float(loss) for loss in self.trainer.losses)
        reading = Reading(loss, float(self.trainer.penalty), self.trainer.all_finite())
        self.condition, finding = guard.after_reading(self.condition, reading)
        return finding

    def _evaluate(self) -> str:
        trainer, strength = self.trainer, self.trainer.strength
        # The leader alone looks, so that all go on alike.
        seen = self.evaluation = trainer.team.agreed(lambda: self.judge.evaluate(trainer))
        # The plain recipe delivers its last weights: nothing is chosen by score.
        judged = seen if trainer.recipe.guarded else replace(seen, score=None)
        self.condition, finding = guard.after_evaluation(self.condition, judged, at_limit=strength.p >= strength.limit)
        if guard.is_best(self.condition, judged, first=self.snapshot is None):
            self.condition = replace(self.condition, best_score=judged.score)
            self.snapshot, self.snapshot_kimg = copied(trainer.tensors()), trainer.kimg
            names = ("score", "swd", "swd_floor") if judged.score is not None else ()
            self.best = {name: getattr(judged, name) for name in names}
        return finding

    def _react(self, finding: str) -> None:
        before, strength = self.condition, self.trainer.strength
        after = self.condition = guard.adjusted(before, finding, p=strength.p, limit=strength.limit)
        if finding == OVERFITTING:
            if (before.gamma_factor, before.augment_floor) != (after.gamma_factor, after.augment_floor):
                self._note(finding, gamma_factor=after.gamma_factor, p=after.augment_floor, **self._shown())
        else:
            self._go_back()
            if after.given_up:
                self._note(f"gave-up-{finding}", best_kimg=self.snapshot_kimg)
            else:
                figures = {"back_to": self.snapshot_kimg, "lr_factor": after.lr_factor, "p": after.augment_floor}
                self._note(finding, strike=after.strikes, **figures)
        self._apply()

    def _shown(self) -> dict[str, float]:
        """What the newest evaluation says of overfitting."""
        seen = self.evaluation
        if seen is None:
            return {}
        return {"r_t": seen.r_t} if seen.r_v is None else {"r_v": seen.r_v}

    def _note(self, code: str, **numbers: float) -> None:
        self.notes.append(Note(code, self.trainer.kimg, numbers))

    def _go_back(self) -> None:
        if self.snapshot is None:
            self.trainer.begin_again()
        else:
            self.trainer.load(self.snapshot)

    def _apply(self) -> None:
        condition, strength = self.condition, self.trainer.strength
        self.trainer.lr_factor, self.trainer.gamma_factor = condition.lr_factor, condition.gamma_factor
        strength.floor = condition.augment_floor
        strength.p = max(strength.p, strength.floor)
