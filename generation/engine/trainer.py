from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from generation.engine.augment import AdaptiveStrength, augment
from generation.engine.batches import Batches
from generation.engine.checkpoints import Checkpoint, CheckpointError, copied, environment, part
from generation.engine.config import Recipe
from generation.engine.data import ImageSet
from generation.engine.devices import autocast, fastest_convolutions, instruction_set, memory_format
from generation.engine.losses import discriminator_loss, generator_loss, r1_penalty
from generation.engine.networks import build_discriminator, build_generator
from generation.engine.pictures import Pixels, to_pixels
from generation.engine.randomness import Shared, seeded
from generation.engine.teams import ALONE, Team

ADAPT_EVERY = 4
EMA_WARM_UP = 0.05


class Trainer:
    """Two networks, their optimisers and the images, advanced by `step`.

    What a step draws at random depends on the recipe's seed and the number of the step alone, so a run that
    stopped and was resumed takes the same steps as one that was not.
    """

    def __init__(self, images: ImageSet, recipe: Recipe, device: torch.device, team: Team = ALONE) -> None:
        torch.set_flush_denormal(True)
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        self.recipe, self.device, self.team = recipe, device, team
        self.format = memory_format(device)
        self.batches = Batches(images, recipe, device, self.format)
        team.check(recipe, self.batches.fingerprint)
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
        self.total_steps = math.ceil(recipe.kimg * 1000 / recipe.batch - 1e-6)
        self.losses = (torch.zeros(()), torch.zeros(()))
        self.scores: list[Tensor] = []
        self.penalty = torch.zeros(())
        self.lr_factor = self.gamma_factor = 1.0

    @property
    def kimg(self) -> float:
        return self.steps * self.recipe.batch / 1000

    @property
    def finished(self) -> bool:
        return self.steps >= self.total_steps

    def step(self) -> None:
        with fastest_convolutions():
            self._step()

    def _step(self) -> None:
        random = Shared(self._random("step", self.steps), self.team)
        self._set_learning_rates()
        reals, labels = self.batches.at(self.steps, self.team)
        with autocast(self.device, self.recipe.dtype):
            fakes = self.generator(self._latents(random), labels)
        loss_d = self._improve_discriminator(reals, fakes.detach(), labels, random)
        loss_g = self._improve_generator(fakes, labels, random)
        self.losses = (self.team.mean(loss_d), self.team.mean(loss_g))
        self.steps += 1
        self._average()
        if self.recipe.augmentation and self.steps % ADAPT_EVERY == 0:
            self.strength.update(torch.cat(self.scores))
            self.scores.clear()

    def samples(self, latents: Tensor, labels: Tensor | None) -> Pixels:
        """The averaged generator's images, uint8 [N,H,W,C]."""
        with torch.inference_mode(), autocast(self.device, self.recipe.dtype):
            return to_pixels(self.ema(latents.to(self.device), None if labels is None else labels.to(self.device)))

    def scores_of(self, images: Tensor, labels: Tensor | None) -> Tensor:
        """The discriminator's, of float [N,C,H,W]: [N]."""
        labels = None if labels is None else labels.to(self.device)
        images = images.to(self.device).contiguous(memory_format=self.format)
        self.discriminator.eval()
        with torch.inference_mode(), autocast(self.device, self.recipe.dtype):
            scores: Tensor = self.discriminator(images, labels)
        self.discriminator.train()
        return scores

    def tensors(self) -> dict[str, Tensor]:
        """Both networks, the average and the optimisers' moments, as they change."""
        nets = {"generator": self.generator, "discriminator": self.discriminator, "ema": self.ema}
        tensors = {f"{name}/{key}": value for name, net in nets.items() for key, value in net.state_dict().items()}
        for name, adam in (("adam_g", self.adam_g), ("adam_d", self.adam_d)):
            moments = adam.state_dict()["state"]
            tensors |= {f"{name}/{n}/{key}": value for n, state in moments.items() for key, value in state.items()}
        return tensors

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on with networks and optimisers as `tensors` has them; the step, and so the random numbers, stay."""
        for name, net in (("generator", self.generator), ("discriminator", self.discriminator), ("ema", self.ema)):
            net.load_state_dict(part(tensors, name))
        _restore_adam(self.adam_g, part(tensors, "adam_g"))
        _restore_adam(self.adam_d, part(tensors, "adam_d"))
        self.scores.clear()

    def begin_again(self) -> None:
        """Go on with networks and optimisers as they were before the first step."""
        generator, discriminator = build_generator(self.recipe), build_discriminator(self.recipe)
        nets = {"generator": generator, "discriminator": discriminator, "ema": generator}
        self.load({f"{name}/{key}": value for name, net in nets.items() for key, value in net.state_dict().items()})

    def all_finite(self) -> bool:
        """Whether every weight and every average is a number."""
        nets = (self.generator, self.discriminator, self.ema)
        weights = [value for net in nets for value in net.state_dict().values() if value.is_floating_point()]
        return bool(torch.stack(torch._foreach_norm(weights)).sum().isfinite())

    def checkpoint(self, seconds: float) -> Checkpoint:
        tensors = self.tensors() | {f"scores/{n}": scores for n, scores in enumerate(self.scores)}
        shown = {"losses": [float(loss) for loss in self.losses], "penalty": float(self.penalty)}
        strength = {"augment_p": self.strength.p, "augment_floor": self.strength.floor, "r_t": self.strength.r_t}
        state = {"steps": self.steps, "seconds": seconds, "images": self.batches.fingerprint, **shown, **strength}
        return Checkpoint(self.recipe, self.kimg, copied(tensors), state, self.environment)

    @property
    def environment(self) -> dict[str, str | int]:
        return environment(instruction_set(self.device), self.recipe.dtype)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from `checkpoint`. Raises CheckpointError where it comes from another recipe or other images."""
        if checkpoint.recipe != self.recipe:
            raise CheckpointError("the checkpoint belongs to another recipe: go on with the one it was made with")
        if checkpoint.state.get("images") != self.batches.fingerprint:
            raise CheckpointError("the checkpoint belongs to other images: go on with those that the run began with")
        self.load(checkpoint.tensors)
        scores = sorted(checkpoint.part("scores").items(), key=lambda item: int(item[0]))
        self.scores = [value.to(self.device) for _, value in scores]
        self.steps = int(checkpoint.state["steps"])
        loss_d, loss_g = (torch.tensor(loss) for loss in checkpoint.state["losses"])
        self.losses, self.penalty = (loss_d, loss_g), torch.tensor(checkpoint.state["penalty"])
        self.strength.p = float(checkpoint.state["augment_p"])
        self.strength.floor = float(checkpoint.state["augment_floor"])
        self.strength.r_t = float(checkpoint.state["r_t"])

    def _improve_discriminator(self, reals: Tensor, fakes: Tensor, labels: Tensor | None, random: Shared) -> Tensor:
        recipe = self.recipe
        self.adam_d.zero_grad(set_to_none=True)
        reals, fakes = self._augmented(reals, random), self._augmented(fakes, random)
        with autocast(self.device, recipe.dtype):
            scores, others = self._judged(reals, fakes, labels)
            loss = discriminator_loss(scores, others, a=recipe.a, b=recipe.b)
        loss.backward()
        if recipe.r1_gamma and self.steps % recipe.r1_interval == 0:
            self._penalise(reals, labels)
        self.team.average_gradients(self.discriminator)
        self.adam_d.step()
        if recipe.augmentation:
            self.scores.append(self.team.joined(scores.detach()))
        return loss.detach()

    def _judged(self, reals: Tensor, fakes: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Scores of both, in one pass, unless batch normalisation must not take them for one batch."""
        net = self.discriminator
        if self.recipe.body == "dcgan":
            return net(reals, labels), net(fakes, labels)
        both = torch.cat([reals, fakes]).contiguous(memory_format=self.format)
        real, fake = net(both, None if labels is None else torch.cat([labels, labels])).chunk(2)
        return real, fake

    def _penalise(self, reals: Tensor, labels: Tensor | None) -> None:
        """R1 on every `r1_interval`-th step, that many times as strong; in float32, as it differentiates twice."""
        reals = reals.detach().requires_grad_(True)
        penalty = r1_penalty(self.discriminator(reals, labels), reals)
        (penalty * self.recipe.r1_gamma * self.gamma_factor * self.recipe.r1_interval).backward()
        self.penalty = self.team.mean(penalty.detach())

    def _improve_generator(self, fakes: Tensor, labels: Tensor | None, random: Shared) -> Tensor:
        self.adam_g.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        with autocast(self.device, self.recipe.dtype):
            scores = self.discriminator(self._augmented(fakes, random), labels)
            loss = generator_loss(scores, c=self.recipe.c)
        loss.backward()
        self.discriminator.requires_grad_(True)
        self.team.average_gradients(self.generator)
        self.adam_g.step()
        return loss.detach()

    def _augmented(self, images: Tensor, random: Shared) -> Tensor:
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
            adam.param_groups[0]["lr"] = rate * max(factor, 0.05) * self.lr_factor

    def _latents(self, random: Shared) -> Tensor:
        whole = torch.randn(self.recipe.batch, self.recipe.latent_dim, generator=random.random, device=self.device)
        return self.team.share(whole)

    def _random(self, purpose: str, number: int) -> torch.Generator:
        return seeded(self.recipe.seed, purpose, number, self.device)

    def _placed(self, net: nn.Module) -> nn.Module:
        return net.to(self.device, memory_format=self.format).train()  # type: ignore[call-overload]  # stubs lack it

    def _adam(self, net: nn.Module, rate: float) -> torch.optim.Adam:
        fused = self.device.type in ("cpu", "cuda")
        return torch.optim.Adam(net.parameters(), lr=rate, betas=self.recipe.betas, fused=fused)


def _restore_adam(adam: torch.optim.Adam, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split("/")
        # The optimiser would go on in these very tensors, and change the snapshot or checkpoint they come from.
        state.setdefault(int(number), {})[name] = value.clone()
    adam.load_state_dict({"state": state, "param_groups": adam.state_dict()["param_groups"]})
