"""What training takes of memory, told from the recipe alone: the site says it to people, and never imports PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from generation.engine.config import RESOLUTIONS, Recipe, RecipeRequest

# Fitted to the peak of resident memory over two steps on a CPU: within 16 % of it for quick at 32 to 256 px and best at
# 64 and 128, a quarter above it for paper at 64.
BESIDES = 100e6
# Weights, gradients, two moments of Adam and the averaged generator.
PER_WEIGHT = 4.6 * 4
# Per pixel and channel of a batch on its way through the generator's levels: both networks, differentiated twice
# where there is a gradient penalty.
PER_ACTIVATION, PER_ACTIVATION_PLAIN = 15 * 4, 9 * 4
# As in networks.py, which a test compares with the counts here.
EMBEDDING, REFINED = 32, 16
LIMITS = Path("/sys/fs/cgroup")
MEMORY = Path("/proc/meminfo")


def training_bytes(recipe: Recipe, images: int) -> int:
    """Of networks, optimisers, one batch, and the images in all their variants."""
    first = recipe.resolution >> len(recipe.widths)
    activations = sum(width * (first << level) ** 2 for level, width in enumerate(recipe.widths))
    pixels = recipe.channels * recipe.resolution**2
    held = recipe.offline_copies * images * pixels
    each = PER_ACTIVATION if recipe.r1_gamma else PER_ACTIVATION_PLAIN
    return round(BESIDES + PER_WEIGHT * weights(recipe) + each * recipe.batch * activations + held)


def weights(recipe: Recipe) -> int:
    """Of both networks."""
    if recipe.body == "dcgan":
        return _dcgan(recipe)
    return _generator(recipe) + _discriminator(recipe)


def smaller(request: RecipeRequest) -> Iterator[tuple[str, int | str, RecipeRequest]]:
    """Other ways to ask, so that of each setting the one that takes most comes last."""
    if request.preset != "quick":
        yield "preset", "quick", replace(request, preset="quick")
    for side in RESOLUTIONS:
        if side < request.resolution:
            yield "resolution", side, replace(request, resolution=side)


def machine_bytes() -> int | None:
    """All memory that this machine, or the container around us, has; None where the system does not say."""
    known = [size for size in (_installed(), _allowed()) if size is not None]
    return min(known) if known else None


def _generator(recipe: Recipe) -> int:
    labels, size = len(recipe.classes), recipe.resolution >> len(recipe.widths)
    condition = recipe.latent_dim + (EMBEDDING if labels else 0)
    modulation = 2 * (condition + 1)
    root = recipe.widths[0] * size**2 * (condition + 1) + recipe.widths[0] * modulation
    ups, taps = 0, 9 if recipe.body == "smooth" else 16
    for level, (before, width) in enumerate(pairwise(recipe.widths), 1):
        ups += taps * before * width + width * modulation
        if size << level <= REFINED:
            ups += 9 * width**2 + width * modulation
    last = 16 if recipe.body == "strided" else 9
    return EMBEDDING * labels + root + ups + recipe.channels * (last * recipe.widths[-1] + 1)


def _discriminator(recipe: Recipe) -> int:
    widths, size = recipe.widths[::-1], recipe.resolution >> len(recipe.widths)
    last = widths[-1]
    downs = sum(17 * before * width + width for before, width in pairwise(widths))
    dense = 9 * last**2 + last + last**2 * size**2 + last
    spread = last if recipe.mbstd_group else 0
    return widths[0] * (16 * recipe.channels + 1) + downs + dense + spread + last + 1 + len(recipe.classes) * last


def _dcgan(recipe: Recipe) -> int:
    widths, size = recipe.widths, recipe.resolution >> len(recipe.widths)
    levels = 2 * sum(16 * before * width for before, width in pairwise(widths))
    # A gain and a shift for each channel that is normalised: all but the finest of the discriminator.
    norms = 2 * (sum(widths) + sum(widths[:-1]))
    edges = widths[0] * size**2 * (recipe.latent_dim + 1) + 2 * 16 * recipe.channels * widths[-1]
    return levels + norms + edges + len(recipe.classes) * (recipe.latent_dim + widths[0])


def _installed() -> int | None:
    try:
        lines = MEMORY.read_text().splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemTotal:")), None)


def _allowed() -> int | None:
    try:
        return int((LIMITS / "memory.max").read_text())
    except (OSError, ValueError):
        return None
