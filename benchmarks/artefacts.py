"""Does the artefact score put broken images behind real ones? python -m benchmarks.artefacts

Real images that it has not seen are broken in ways that generators break theirs, and each is scored beside the unbroken
ones. 50 % would be a coin; what it hardly sees is printed, and not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.bars import Bar
from benchmarks.sets import VARIABLE, real_sets
from generation.engine.drawn import draw_shapes
from generation.engine.metrics.artefacts import Artefacts, see
from generation.engine.metrics.features import Floats, Pixels

MOST = 1_500
HELD_OUT = 1 / 4
TILES = 4
Wound = Callable[[Pixels, np.random.Generator], Pixels]


def noise(images: Pixels, random: np.random.Generator) -> Pixels:
    return random.integers(0, 256, images.shape, dtype=np.uint8)


def emptiness(images: Pixels, random: np.random.Generator) -> Pixels:
    """One grey each: a generator that collapsed."""
    means = images.mean(axis=(1, 2, 3), keepdims=True).astype(np.uint8)
    return np.broadcast_to(means, images.shape).copy()


def mixed_tiles(images: Pixels, random: np.random.Generator) -> Pixels:
    """Parts in wrong places."""
    side = images.shape[1] // TILES
    cut = images[:, : side * TILES, : side * TILES].reshape(len(images), TILES, side, TILES, side, -1)
    tiles = cut.swapaxes(2, 3).reshape(len(images), TILES**2, side, side, -1)
    orders = random.permuted(np.tile(np.arange(TILES**2), (len(images), 1)), axis=1)
    tiles = np.take_along_axis(tiles, orders[:, :, None, None, None], axis=1)
    back = tiles.reshape(len(images), TILES, TILES, side, side, -1).swapaxes(2, 3)
    return back.reshape(len(images), side * TILES, side * TILES, -1)


def halves(images: Pixels, random: np.random.Generator) -> Pixels:
    """The upper half of one and the lower half of another."""
    found, middle = images.copy(), images.shape[1] // 2
    found[:, middle:] = images[random.permutation(len(images)), middle:]
    return found


def grid(images: Pixels, random: np.random.Generator) -> Pixels:
    """A pattern of two pixels, as upsampling leaves it."""
    lines = np.arange(images.shape[1]) // 2
    pattern = 80 * ((lines[:, None] + lines[None]) % 2) - 40
    return np.clip(images + pattern[..., None], 0, 255).astype(np.uint8)


def hole(images: Pixels, random: np.random.Generator) -> Pixels:
    """A grey quarter somewhere."""
    found, side = images.copy(), images.shape[1]
    for image, (down, right) in zip(found, random.integers(0, side - side // 2, (len(images), 2)), strict=True):
        image[down : down + side // 2, right : right + side // 2] = 128
    return found


def blur(images: Pixels, random: np.random.Generator) -> Pixels:
    soft = ImageFilter.GaussianBlur(images.shape[1] / 16)
    bands = images.transpose(0, 3, 1, 2).reshape(-1, *images.shape[1:3])
    found = np.stack([np.asarray(Image.fromarray(band).filter(soft)) for band in bands])
    return found.reshape(len(images), images.shape[3], *images.shape[1:3]).transpose(0, 2, 3, 1)


def blend(images: Pixels, random: np.random.Generator) -> Pixels:
    others = images[random.permutation(len(images))]
    return ((images.astype(np.uint16) + others) // 2).astype(np.uint8)


# What is judged, with how often at least it has to score above an unbroken image, in per cent; and what is not.
SEEN: dict[str, tuple[Wound, float]] = {
    "noise": (noise, 95),
    "emptiness": (emptiness, 85),
    "mixed tiles": (mixed_tiles, 80),
    "halves of two": (halves, 65),
}
HARDLY: dict[str, Wound] = {"grid": grid, "hole": hole, "blur": blur, "blend of two": blend}


def bars(*, full: bool) -> Iterator[Bar]:
    for name, images in (real_sets() or {"drawn shapes": shapes()}).items():
        yield from judged(name, images)


def judged(name: str, images: Pixels) -> Iterator[Bar]:
    images = images[np.random.default_rng(0).permutation(len(images))[:MOST]]
    real, held_out = np.split(images, [len(images) - int(HELD_OUT * len(images))])
    artefacts, random = Artefacts.fit(see(real)), np.random.default_rng(1)
    whole = artefacts.score(see(held_out))

    def above(wound: Wound) -> float:
        return 100 * higher(artefacts.score(see(wound(held_out, random))), whole)

    for broken, (wound, least) in SEEN.items():
        yield Bar(f"artefacts seen: {name}, {broken}", above(wound), least, " %", at_least=True)
    rest = ", ".join(f"{broken} {above(wound):.0f} %" for broken, wound in HARDLY.items())
    yield Bar(f"real images above 1: {name}", 100 * float((whole > 1).mean()), 3, " %", detail=f"less seen: {rest}")


def shapes() -> Pixels:
    """For machines without real images. Of one subject: among pictures of anything all is plausible."""
    return np.stack([np.asarray(picture) for _label, picture in draw_shapes(800, size=32)])


def higher(broken: Floats, whole: Floats) -> float:
    """Share of pairs in which the broken one scores higher."""
    return float((broken[:, None] > whole[None]).mean())


def main() -> None:
    print("" if real_sets() else f"{VARIABLE} names the folder of the sets")
    for bar in bars(full=True):
        print(bar, flush=True)


if __name__ == "__main__":
    main()
