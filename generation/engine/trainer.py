from __future__ import annotations

import copy
import hashlib
import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from generation.engine.augment import AdaptiveStrength, augment
from generation.engine.checkpoints import Checkpoint, environment
from generation.engine.config import Recipe
from generation.engine.data import ImageSet
from generation.engine.devices import autocast, fastest_convolutions, instruction_set, memory_format
from generation.engine.losses import discriminator_loss, generator_loss, r1_penalty
from generation.engine.networks import build_discriminator, build_generator
from generation.engine.pictures import Pixels

ADAPT_EVERY = 4
EMA_WARM_UP = 0.05


class Trainer:
    """Two networks, their optimisers and the images, advanced by `step`.

    What a step draws at random depends on the recipe's seed and the number of the step alone, so a run that
    stopped and was resumed takes the same steps as one that was not.
    """

    def __init__(self, images: ImageSet, recipe: Recipe, device: torch.device) -> None:
        torch.set_flush_denormal(True)
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        self.recipe, self.device = recipe, device
        self.format = memory_format(device, recipe.dtype)
        pixels = _with_variants(images.pixels, recipe)
        self.pixels = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device)  # uint8 [N,C,H,W], stored NHWC
        labels = None if images.labels is None or not recipe.classes else np.tile(images.labels, recipe.offline_copies)
        self.labels = None if labels is None else torch.from_numpy(labels).to(device)
        self.generator = self._placed(build_generator(recipe))
        self.discriminator = self._placed(build_discriminator(recipe))
        self.ema = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.adam_g = self._adam(self.generator, recipe.lr_g)
        self.adam_d = self._adam(self.discriminator, recipe.lr_d)
        middle = (recipe.a + recipe.b) / 2
        self.strength = AdaptiveStrength(
            recipe.augment_start, recipe.augment_limit, recipe.augment_target, recipe.augment_kimg, middle
        )
        self.steps = 0
        self.losses = (torch.zeros(()), torch.zeros(()))
        self.scores: list[Tensor] = []
        self._order: tuple[int, Tensor] | None = None

    @property
    def kimg(self) -> float:
        return self.steps * self.recipe.batch / 1000

    @property
    def finished(self) -> bool:
        return self.kimg >= self.recipe.kimg

    def step(self) -> None:
        with fastest_convolutions():
            self._step()

    def _step(self) -> None:
        random = self._random("step", self.steps)
        self._set_learning_rates()
        reals, labels = self._batch()
        with autocast(self.device, self.recipe.dtype):
            fakes = self.generator(self._latents(len(reals), random), labels)
        loss_d = self._improve_discriminator(reals, fakes.detach(), labels, random)
        loss_g = self._improve_generator(fakes, labels, random)
        self.losses = (loss_d, loss_g)
        self.steps += 1
        self._average()
        if self.recipe.augmentation and self.steps % ADAPT_EVERY == 0:
            self.strength.update(torch.cat(self.scores))
            self.scores.clear()

    def samples(self, latents: Tensor, labels: Tensor | None) -> Pixels:
        """The averaged generator's images, uint8 [N,H,W,C]."""
        with torch.inference_mode(), autocast(self.device, self.recipe.dtype):
            return to_pixels(self.ema(latents.to(self.device), None if labels is None else labels.to(self.device)))

    def checkpoint(self, seconds: float) -> Checkpoint:
        parts = {"generator": self.generator, "discriminator": self.discriminator, "ema": self.ema}
        tensors = {f"{part}/{key}": value for part, net in parts.items() for key, value in net.state_dict().items()}
        for part, adam in (("adam_g", self.adam_g), ("adam_d", self.adam_d)):
            tensors |= {
                f"{part}/{n}/{key}": value for n, s in adam.state_dict()["state"].items() for key, value in s.items()
            }
        tensors |= {f"scores/{n}": scores for n, scores in enumerate(self.scores)}
        copies = {key: value.detach().to("cpu", copy=True) for key, value in tensors.items()}
        state = {"steps": self.steps, "augment_p": self.strength.p, "r_t": self.strength.r_t, "seconds": seconds}
        surroundings = environment(instruction_set(self.device), self.recipe.dtype)
        return Checkpoint(self.recipe, self.kimg, copies, state, surroundings)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`, which must come from the same recipe."""
        if checkpoint.recipe != self.recipe:
            raise ValueError("the checkpoint belongs to another recipe")
        self.generator.load_state_dict(checkpoint.part("generator"))
        self.discriminator.load_state_dict(checkpoint.part("discriminator"))
        self.ema.load_state_dict(checkpoint.part("ema"))
        _restore_adam(self.adam_g, checkpoint.part("adam_g"))
        _restore_adam(self.adam_d, checkpoint.part("adam_d"))
        self.scores = [scores.to(self.device) for _, scores in sorted(checkpoint.part("scores").items())]
        self.steps = int(checkpoint.state["steps"])
        self.strength.p = float(checkpoint.state["augment_p"])
        self.strength.r_t = float(checkpoint.state["r_t"])

    def _improve_discriminator(
        self, reals: Tensor, fakes: Tensor, labels: Tensor | None, random: torch.Generator
    ) -> Tensor:
        recipe, net = self.recipe, self.discriminator
        self.adam_d.zero_grad(set_to_none=True)
        reals, fakes = self._augmented(reals, random), self._augmented(fakes, random)
        with autocast(self.device, recipe.dtype):
            scores = net(reals, labels)
            loss = discriminator_loss(scores, net(fakes, labels), a=recipe.a, b=recipe.b)
        loss.backward()
        if recipe.r1_gamma and self.steps % recipe.r1_interval == 0:
            self._penalise(reals, labels)
        self.adam_d.step()
        if recipe.augmentation:
            self.scores.append(scores.detach())
        return loss.detach()

    def _penalise(self, reals: Tensor, labels: Tensor | None) -> None:
        """R1 on every `r1_interval`-th step, that many times as strong; in float32, as it differentiates twice."""
        reals = reals.detach().requires_grad_(True)
        penalty = r1_penalty(self.discriminator(reals, labels), reals)
        (penalty * self.recipe.r1_gamma * self.recipe.r1_interval).backward()

    def _improve_generator(self, fakes: Tensor, labels: Tensor | None, random: torch.Generator) -> Tensor:
        self.adam_g.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        with autocast(self.device, self.recipe.dtype):
            scores = self.discriminator(self._augmented(fakes, random), labels)
            loss = generator_loss(scores, c=self.recipe.c)
        loss.backward()
        self.discriminator.requires_grad_(True)
        self.adam_g.step()
        return loss.detach()

    def _augmented(self, images: Tensor, random: torch.Generator) -> Tensor:
        images = augment(images, self.recipe.augmentation, self.strength.p, random)
        return images.contiguous(memory_format=self.format)

    def _average(self) -> None:
        halflife = min(self.recipe.ema_halflife_kimg, EMA_WARM_UP * self.kimg)
        keep = 0.5 ** (self.recipe.batch / 1000 / halflife) if halflife > 0 else 0.0
        ours, theirs = self.ema.state_dict(), self.generator.state_dict()
        floating = [key for key, value in ours.items() if value.is_floating_point()]
        torch._foreach_lerp_([ours[key] for key in floating], [theirs[key] for key in floating], 1 - keep)
        for key in ours.keys() - floating:
            ours[key].copy_(theirs[key])

    def _set_learning_rates(self) -> None:
        left = (self.recipe.kimg - self.kimg) / self.recipe.kimg
        factor = min(1.0, left / self.recipe.lr_decay) if self.recipe.lr_decay else 1.0
        for adam, rate in ((self.adam_g, self.recipe.lr_g), (self.adam_d, self.recipe.lr_d)):
            adam.param_groups[0]["lr"] = rate * max(factor, 0.05)

    def _batch(self) -> tuple[Tensor, Tensor | None]:
        """The next images of an endless row of shuffled passes: float [B,C,H,W] in [-1, 1], labels [B]."""
        first = self.steps * self.recipe.batch
        places = range(first, first + self.recipe.batch)
        passes = itertools.groupby(places, lambda place: place // len(self.pixels))
        chosen = torch.cat([self._shuffled(number)[_span(row, len(self.pixels))] for number, row in passes])
        reals = self.pixels[chosen].to(torch.float32, memory_format=self.format)
        return reals.div_(127.5).sub_(1), None if self.labels is None else self.labels[chosen]

    def _shuffled(self, number: int) -> Tensor:
        """A pass's order, kept on the device: copying each step's share of it would make the CPU wait for a GPU."""
        if self._order is None or self._order[0] != number:
            order = torch.randperm(len(self.pixels), generator=_seeded(self.recipe.seed, "pass", number))
            self._order = number, order.to(self.device)
        return self._order[1]

    def _latents(self, count: int, random: torch.Generator) -> Tensor:
        return torch.randn(count, self.recipe.latent_dim, generator=random, device=self.device)

    def _random(self, purpose: str, number: int) -> torch.Generator:
        return _seeded(self.recipe.seed, purpose, number, self.device)

    def _placed(self, net: nn.Module) -> nn.Module:
        return net.to(self.device, memory_format=self.format).train()  # type: ignore[call-overload]  # stubs lack it

    def _adam(self, net: nn.Module, rate: float) -> torch.optim.Adam:
        fused = self.device.type in ("cpu", "cuda")
        return torch.optim.Adam(net.parameters(), lr=rate, betas=self.recipe.betas, fused=fused)


def to_pixels(images: Tensor) -> Pixels:
    """Float [N,C,H,W] in [-1, 1] -> uint8 [N,H,W,C]."""
    scaled = images.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(scaled.permute(0, 2, 3, 1).cpu().numpy())


def _span(places: Iterator[int], length: int) -> slice:
    """Consecutive places of one pass -> where they are in it."""
    first, *others = (place % length for place in places)
    return slice(first, first + 1 + len(others))


def _seeded(seed: int, purpose: str, number: int, device: torch.device | None = None) -> torch.Generator:
    digest = hashlib.blake2b(f"{seed}/{purpose}/{number}".encode(), digest_size=8).digest()
    return torch.Generator(device or "cpu").manual_seed(int.from_bytes(digest) >> 1)


def _restore_adam(adam: torch.optim.Adam, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split("/")
        state.setdefault(int(number), {})[name] = value
    adam.load_state_dict({"state": state, "param_groups": adam.state_dict()["param_groups"]})


def _with_variants(pixels: Pixels, recipe: Recipe) -> Pixels:
    """The offline augmentation of preset `paper`: each image and `offline_copies` - 1 fixed variants of it."""
    variants = [pixels]
    for number in range(1, recipe.offline_copies):
        random = _seeded(recipe.seed, "variant", number)
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        changed = [augment(part, ("flip", "colour", "translation"), 1.0, random) for part in images.split(256)]
        variants.append(to_pixels(torch.cat(changed)))
    return np.concatenate(variants)
