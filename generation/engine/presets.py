from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

# Real images per second in training, and generated ones in sampling, screening and encoding: two CPU cores with
# AVX512-bf16, `python -m benchmarks.engine_speed`. Those of 256 px follow from 128 px by the ratio of the two, measured
# side by side on a busy machine; those of the smooth body from the strided one by their ratio at 28 px.
TRAINING_SPEED = {
    ("strided", 28): 1400.0,
    ("strided", 32): 800.0,
    ("strided", 64): 210.0,
    ("strided", 128): 85.0,
    ("strided", 256): 41.0,
    ("smooth", 28): 1080.0,
    ("smooth", 32): 620.0,
    ("dcgan", 28): 1300.0,
    ("dcgan", 32): 850.0,
    ("dcgan", 64): 200.0,
    ("dcgan", 128): 40.0,
    ("dcgan", 256): 11.0,
}
SAMPLING_SPEED = {28: 5000.0, 32: 4000.0, 64: 1500.0, 128: 400.0, 256: 105.0}
NARROW, WIDE = 32, 64
WIDE_SLOWDOWN = 2.3
# Once a pilot has measured the device: `quick` goes on for as long as people wait for a first look, `standard` takes
# the wide networks where they take no longer either, and nothing keeps a slow device busy for days. Lengths
# are doubled or halved, so that devices of nearly the same speed settle on the same.
FIRST_LOOK_SECONDS = 180.0
LONGEST_SECONDS = {"quick": 1800.0, "standard": 6 * 3600.0, "best": 24 * 3600.0}
MOST_HALVINGS = 2


@dataclass(frozen=True)
class Plan:
    """A preset worked out for one resolution and number of images."""

    kimg: float
    body: str = "smooth-last"
    a: float = -1.0
    b: float = 1.0
    c: float = 1.0
    latent_dim: int = 64
    widths: tuple[int, ...] = ()
    batch: int = 32
    lr_g: float = 1e-3
    lr_d: float = 6e-4
    betas: tuple[float, float] = (0.5, 0.99)
    lr_decay: float = 0.3
    ema_halflife_kimg: float = 5.0
    augmentation: tuple[str, ...] = ("flip", "colour", "translation")
    augment_start: float = 0.0
    augment_limit: float = 0.8
    augment_target: float = 0.6
    augment_kimg: float = 200.0
    offline_copies: int = 1
    r1_gamma: float = 1.0
    r1_interval: int = 16
    mbstd_group: int = 4
    guarded: bool = True

    def settings(self) -> dict[str, Any]:  # Any: the fields above, as keyword arguments
        return {name: value for name, value in asdict(self).items() if name != "kimg"}


def plan_for(preset: str, resolution: int, images: int) -> Plan:
    if preset == "paper":
        return _paper(resolution, images)
    plan = Plan(
        kimg=_kimg(preset, resolution, images),
        widths=wide(resolution) if preset == "best" else _thinner(resolution, NARROW),
        r1_gamma=(resolution / 64) ** 2,
        body="smooth" if resolution < 64 else "smooth-last",
    )
    if resolution < 64 and preset != "quick":
        plan = _small(plan, resolution)
    elif resolution >= 64:
        # Short runs need many steps more than large batches; a stronger penalty dots the images.
        plan = replace(plan, batch=16 if preset == "quick" else 32, augment_start=0.2, r1_gamma=0.3 * plan.r1_gamma)
    if images < 300:
        plan = replace(plan, augmentation=(*plan.augmentation, "cutout"))
    if images < 1000:
        plan = replace(plan, augment_start=0.3)
    return plan


def _small(plan: Plan, resolution: int) -> Plan:
    """For small images: smaller batches, a stronger penalty, and scaling among the augmentations.

    At 64 px, in short runs on photographs, the smooth body with a penalty of 4 drew contour lines.
    """
    augmentation = (*plan.augmentation, "scale")
    plan = replace(plan, augmentation=augmentation, augment_start=0.3, augment_target=0.4)
    return replace(plan, batch=16, r1_gamma=resolution / 16)


def suited(plan: Plan, preset: str, resolution: int, images: int, speed: float) -> tuple[Plan, float]:
    """`plan` as the device can carry it out, and its speed there.

    `speed` is what a pilot measured with the networks of `plan`, in real images per second. Preset `paper` is fixed.
    """
    if preset == "paper":
        return plan, speed
    if preset == "standard" and WIDE_SLOWDOWN * _seconds(plan.kimg, speed) <= FIRST_LOOK_SECONDS:
        plan, speed = replace(plan, widths=wide(resolution)), speed / WIDE_SLOWDOWN
    kimg = plan.kimg
    if preset == "quick":
        most = _kimg("standard", resolution, images)
        while 2 * kimg <= most and _seconds(2 * kimg, speed) <= FIRST_LOOK_SECONDS:
            kimg *= 2
    least = plan.kimg / 2**MOST_HALVINGS
    while kimg / 2 >= least and _seconds(kimg, speed) > LONGEST_SECONDS[preset]:
        kimg /= 2
    return replace(plan, kimg=kimg), speed


def _seconds(kimg: float, speed: float) -> float:
    return kimg * 1000 / speed


def training_speed(plan: Plan, resolution: int) -> float:
    """Real images per second to expect before a pilot has measured it."""
    body = "strided" if plan.body == "smooth-last" else plan.body  # as fast
    speed = TRAINING_SPEED[body, resolution]
    return speed / WIDE_SLOWDOWN if plan.body != "dcgan" and plan.widths == wide(resolution) else speed


def wide(resolution: int) -> tuple[int, ...]:
    return _thinner(resolution, WIDE)


def _paper(resolution: int, images: int) -> Plan:
    """The plain least-squares DCGAN: 150 passes over the images, each in five fixed variants."""
    return Plan(
        kimg=150 * 5 * images / 1000,
        body="dcgan",
        a=0.0,
        batch=64,
        latent_dim=100,
        widths=_widths(resolution, base=WIDE),
        lr_g=2e-4,
        lr_d=2e-4,
        betas=(0.5, 0.999),
        lr_decay=0.0,
        ema_halflife_kimg=0.0,
        augmentation=(),
        augment_limit=0.0,
        offline_copies=5,
        r1_gamma=0.0,
        mbstd_group=0,
        guarded=False,
    )


def _kimg(preset: str, resolution: int, images: int) -> float:
    if preset == "quick":
        return _QUICK_KIMG[resolution]
    standard = next(kimg for limit, kimg in _STANDARD_KIMG if images < limit)
    if resolution < 64:
        # Batches are smaller there, and each image takes 1.3 times as long.
        standard *= 0.8
    return standard if preset == "standard" else 2 * standard


_QUICK_KIMG = {28: 200.0, 32: 120.0, 64: 80.0, 128: 40.0, 256: 20.0}
_STANDARD_KIMG = ((300, 300.0), (1_000, 600.0), (5_000, 1_500.0), (float("inf"), 3_000.0))


def _widths(resolution: int, base: int) -> tuple[int, ...]:
    """Channels from 4 px (7 px for 28) up to half the resolution, halving as pixels double, at most 8 times `base`."""
    levels = 2 if resolution == 28 else (resolution // 4).bit_length() - 1
    return tuple(base * min(8, 2**level) for level in reversed(range(levels)))


def _thinner(resolution: int, base: int) -> tuple[int, ...]:
    """`_widths`, but beyond 128 px each level has half of the one before: at equal width it would cost four times."""
    widths = _widths(min(resolution, 128), base)
    return widths if resolution <= 128 else (*widths, widths[-1] // 2)
