from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from generation.engine.presets import SAMPLING_SPEED, Plan, plan_for, suited, training_speed

RESOLUTIONS = (28, 32, 64, 128, 256)
PRESETS = ("quick", "standard", "best", "paper")
OBJECTIVES = ("lsgan",)
FITS = ("crop", "pad")
TRANSPARENCIES = ("white", "keep")
CHANNELS = (1, 3, 4)
DTYPES = ("bfloat16", "float32")
MIN_IMAGES = 50
MAX_IMAGES = 10_000
MAX_COUNT = 1_000_000
MAX_KIMG = 100_000.0
MAX_MINUTES = 10_080.0
BLOCK = 64
MAX_ATTEMPTS = 64
SHORTEST_PILOT, LONGEST_PILOT, PILOT_SHARE = 0.5, 20.0, 0.03


class RecipeError(ValueError):
    """A setting that cannot be trained. `code` names the reason for programs, the message tells it to people."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message


@dataclass(frozen=True)
class RecipeRequest:
    """What a person asks for; `resolve` turns it into a Recipe once the images and the device are known.

    `kimg` is the length of training in thousands of real images shown; `minutes` caps it by time.
    `transparency` says whether images keep theirs or are put on white.
    """

    preset: str = "standard"
    resolution: int = 64
    kimg: float | None = None
    minutes: float | None = None
    objective: str = "lsgan"
    labels: bool = False
    fit: str = "crop"
    seed: int = 0
    transparency: str = "white"

    def __post_init__(self) -> None:
        _one_of("preset", self.preset, PRESETS)
        _one_of("resolution", self.resolution, RESOLUTIONS)
        _one_of("objective", self.objective, OBJECTIVES)
        _one_of("fit", self.fit, FITS)
        _one_of("transparency", self.transparency, TRANSPARENCIES)
        _positive("kimg", self.kimg, MAX_KIMG)
        _positive("minutes", self.minutes, MAX_MINUTES)
        if not isinstance(self.labels, bool):
            raise RecipeError("labels", "not-a-choice", "Labels must be on or off.")
        if not _is_integer(self.seed) or not 0 <= self.seed < 2**63:
            raise RecipeError("seed", "out-of-range", "The seed must be a whole number from 0 to 2^63 - 1.")

    def to_dict(self) -> dict[str, Any]:  # Any: JSON values
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        _only_known(cls, values)
        return cls(**values)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run.

    `a`, `b`, `c` are the targets of the least-squares GAN (Mao et al., 2017): the discriminator's for generated and
    for real images, and the value the generator wants its images to get. Widths go from the coarsest level to the
    finest. Lengths are in kimg (thousands of real images shown); an EMA half-life of 0 means no EMA.
    """

    preset: str
    resolution: int
    channels: int
    classes: tuple[str, ...]
    objective: str
    a: float
    b: float
    c: float
    body: str
    latent_dim: int
    widths: tuple[int, ...]
    batch: int
    kimg: float
    lr_g: float
    lr_d: float
    betas: tuple[float, float]
    lr_decay: float
    ema_halflife_kimg: float
    augmentation: tuple[str, ...]
    augment_start: float
    augment_limit: float
    augment_target: float
    augment_kimg: float
    offline_copies: int
    r1_gamma: float
    r1_interval: int
    mbstd_group: int
    # Whether training adjusts itself and delivers its best weights; if not, it goes through to its last ones.
    guarded: bool
    dtype: str
    # CPU threads that share each sum; another number gives other last bits. 0: as many as PyTorch takes.
    threads: int
    seed: int
    fit: str

    def to_dict(self) -> dict[str, Any]:  # Any: JSON values
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        _only_known(cls, values)
        missing = {field.name for field in fields(cls)} - set(values)
        if missing:
            raise RecipeError(min(missing), "missing", "The recipe is incomplete.")
        settings: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**settings)


def resolve(
    request: RecipeRequest,
    *,
    images: int,
    channels: int,
    classes: Sequence[str] = (),
    images_per_second: float | None = None,
    dtype: str = "float32",
    threads: int = 0,
) -> Recipe:
    """Settle everything that a request leaves open.

    `images` counts the source images, `channels` is 1, 3 or 4, `images_per_second` comes from a pilot on the device
    with the networks that the recipe has without it; it decides body and length.
    Raises RecipeError where the images do not fit the request.
    """
    _one_of("dtype", dtype, DTYPES)
    _one_of("channels", channels, CHANNELS)
    _check_images(images)
    if request.labels and len(classes) < 2:
        raise RecipeError("labels", "too-few-classes", "Labels need images in at least two class folders.")
    plan = plan_for(request.preset, request.resolution, images)
    if images_per_second:
        plan, images_per_second = suited(plan, request.preset, request.resolution, images, images_per_second)
    return Recipe(
        preset=request.preset,
        resolution=request.resolution,
        channels=channels,
        classes=tuple(classes) if request.labels else (),
        objective=request.objective,
        kimg=_budget(request, plan, images_per_second),
        dtype=dtype,
        threads=threads,
        seed=request.seed,
        fit=request.fit,
        **plan.settings(),
    )


def expected_length(
    request: RecipeRequest, images: int, images_per_second: float | None = None
) -> tuple[Plan, float, float]:
    """The plan to expect, its length in kimg and its speed; without a pilot's figure from measured tables."""
    plan = plan_for(request.preset, request.resolution, images)
    speed = images_per_second or training_speed(plan, request.resolution)
    plan, speed = suited(plan, request.preset, request.resolution, images, speed)
    return plan, _budget(request, plan, speed), speed


def expected_seconds(
    request: RecipeRequest, *, images: int, count: int = 0, images_per_second: float | None = None
) -> tuple[float, float]:
    """A low and a high guess, in seconds, for training and then sampling `count` images.

    Without a pilot figure it starts from speeds measured on two CPU cores, and the range is wide.
    """
    _plan, kimg, speed = expected_length(request, images, images_per_second)
    seconds = kimg * 1000 / speed + sampling_seconds(request.resolution, count)
    spread = (0.9, 1.3) if images_per_second else (0.7, 2.5)
    return seconds * spread[0], seconds * spread[1]


def pilot_seconds(request: RecipeRequest, images: int, count: int = 0) -> float:
    """How long to measure the device: a small share of what training and sampling are expected to take."""
    low, _high = expected_seconds(request, images=images, count=count)
    return min(LONGEST_PILOT, max(SHORTEST_PILOT, PILOT_SHARE * low))


def sampling_seconds(resolution: int, count: int) -> float:
    return 5.0 + count / SAMPLING_SPEED[resolution]


def _budget(request: RecipeRequest, plan: Plan, images_per_second: float | None) -> float:
    kimg = request.kimg if request.kimg is not None else plan.kimg
    if request.minutes is not None and images_per_second:
        kimg = min(kimg, request.minutes * 60 * images_per_second / 1000)
    return max(kimg, plan.batch / 1000)


def _check_images(images: int) -> None:
    if images < MIN_IMAGES:
        raise RecipeError("images", "too-few-images", f"Training needs at least {MIN_IMAGES} images.")
    if images > MAX_IMAGES:
        raise RecipeError("images", "too-many-images", f"Training takes at most {MAX_IMAGES:,} images.")


def _one_of(field: str, value: object, allowed: Sequence[object]) -> None:
    if isinstance(value, bool) or value not in allowed:
        choices = ", ".join(str(choice) for choice in allowed)
        raise RecipeError(field, "not-a-choice", f"{field.capitalize()} must be one of: {choices}.")


def _positive(field: str, value: object, limit: float) -> None:
    if value is None:
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 < value <= limit:  # type: ignore[arg-type,operator]  # number was checked
        raise RecipeError(field, "out-of-range", f"{field.capitalize()} must be above 0 and at most {limit:g}.")


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _only_known(cls: type[RecipeRequest] | type[Recipe], values: Mapping[str, Any]) -> None:
    unknown = set(values) - {field.name for field in fields(cls)}
    if unknown:
        raise RecipeError(min(map(str, unknown)), "unknown", "There is no such setting.")
