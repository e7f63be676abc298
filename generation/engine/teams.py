"""Several processes train one generator: each takes its share of every batch, and all take the same steps.

Each draws the random numbers of the whole batch and keeps its share of them; gradients, losses and scores are put
together. So however many they are, they take the steps that one process takes, up to the last bits of sums.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from generation.engine.config import Recipe, RecipeError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Team:
    """A process among `size`. The first leads: it alone reports, stores, decides, and says when to take a step."""

    rank: int = 0
    size: int = 1
    # Of processes that talk without a device, about what to do.
    talk: Any = None  # Any: torch.distributed's group, which has no type of its own

    @property
    def follows(self) -> bool:
        return self.rank > 0

    def share(self, whole: Tensor) -> Tensor:
        """What of a batch [B,...] is ours: [B/size,...]."""
        return whole if self.size == 1 else whole.chunk(self.size)[self.rank]

    def average_gradients(self, net: nn.Module) -> None:
        if self.size == 1:
            return
        gradients = [weight.grad for weight in net.parameters() if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        parts = (flat / self.size).split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def mean(self, value: Tensor) -> Tensor:
        if self.size == 1:
            return value
        total = value.detach().clone()
        dist.all_reduce(total)
        return total / self.size

    def joined(self, values: Tensor) -> Tensor:
        """[B/size] of each -> [B], in the order of the batch."""
        if self.size == 1:
            return values
        parts = [torch.empty_like(values) for _ in range(self.size)]
        dist.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    def agreed(self, make: Callable[[], Result]) -> Result:
        """What the leader makes; the others wait for it."""
        if self.size == 1:
            return make()
        told = [None if self.follows else make()]
        dist.broadcast_object_list(told, src=0, group=self.talk)
        return told[0]  # type: ignore[return-value]  # the leader's is a Result

    def go(self) -> None:
        """The leader's word before each step."""
        self._say(1)

    def end(self) -> None:
        """The leader's last word: nobody waits for a step any more."""
        # The others may be gone already.
        with suppress(RuntimeError):
            self._say(0)

    def goes_on(self) -> bool:
        """A follower waits for the leader's word."""
        word = torch.zeros(1, dtype=torch.uint8)
        dist.broadcast(word, src=0, group=self.talk)
        return bool(word)

    def _say(self, word: int) -> None:
        if self.size > 1:
            dist.broadcast(torch.full((1,), word, dtype=torch.uint8), src=0, group=self.talk)

    def check(self, recipe: Recipe, fingerprint: str) -> None:
        """Raises RecipeError where this recipe can't be shared, or the processes have not the same images."""
        if self.size == 1:
            return
        if not shareable(recipe, self.size):
            text = f"A batch of {recipe.batch} of preset {recipe.preset} can't be shared by {self.size} processes."
            raise RecipeError("preset", "not-shareable", text)
        found: list[Any] = [None] * self.size  # Any: filled by torch
        dist.all_gather_object(found, fingerprint, group=self.talk)
        if len(set(found)) > 1:
            raise RecipeError("images", "not-the-same", "The processes of this training have not the same images.")


ALONE = Team()


def shareable(recipe: Recipe, size: int) -> bool:
    """Batch normalisation needs the whole batch in one process, minibatch deviation whole groups of it."""
    share, rest = divmod(recipe.batch, size)
    if size == 1:
        return True
    return recipe.body != "dcgan" and rest == 0 and (not recipe.mbstd_group or share % recipe.mbstd_group == 0)


def most_processes(recipe: Recipe, wanted: int) -> int:
    return next(size for size in range(max(1, wanted), 0, -1) if shareable(recipe, size))


def device_of(name: str | None) -> str | None:
    """The GPU of this process among those of its machine, unless another device was asked for."""
    local = os.environ.get("LOCAL_RANK", "0")
    if name in (None, "cuda") and torch.cuda.is_available():
        return f"cuda:{int(local) % torch.cuda.device_count()}"
    return name


@contextmanager
def joined(device: str | None) -> Iterator[Team]:
    """The team that torchrun has started this process for; alone without torchrun."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    on_gpu = (device or "cpu").startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(torch.device(device or "cuda"))
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Team(dist.get_rank(), dist.get_world_size(), dist.new_group(backend="gloo"))
    finally:
        dist.destroy_process_group()
