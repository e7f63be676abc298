"""What is worth a second look about a picture that can be used. Pillow only: this runs in the checking child.

The limits were set on real images, 800 of each of four sets. Blurry fires on none of the clothing photographs, emoji
and Fashion-MNIST images, and on 97 % and more of the photographs and emoji once blurred by 2 % of their side. Dark,
bright and flat fire on none of the photographs and Fashion-MNIST images, on 0.1 % of emoji, and on those 5 % of game
tiles that are near black indeed.
"""

from collections.abc import Iterable

from PIL import Image, ImageChops, ImageFilter, ImageStat

# The smallest and the largest resolution that can be trained; written here because the child loads no engine.
SMALLEST, LARGEST = 28, 128
# A picture of less than this has no fine detail to miss: each of its pixels may be meant.
JUDGED_FROM = 64
BLURRY, DARK, BRIGHT, FLAT = 0.6, 48, 215, 24
MOST_ASPECT = 2


def flags_of(image: Image.Image) -> list[str]:
    """For an image in L or RGB."""
    grey = as_trained(image.convert("L"))
    return [*light(grey), *size(image)]


def as_trained(grey: Image.Image) -> Image.Image:
    """No larger than the largest resolution: blur that goes away when it is made smaller does no harm."""
    factor = min(grey.size) / LARGEST
    if factor <= 1:
        return grey
    return grey.resize((round(grey.width / factor), round(grey.height / factor)), Image.Resampling.BOX)


def light(grey: Image.Image) -> list[str]:
    low, high = tones(grey)
    if high < DARK:
        return ["dark"]
    if low > BRIGHT:
        return ["bright"]
    if high - low < FLAT:
        return ["flat"]
    return ["blurry"] if min(grey.size) >= JUDGED_FROM and blur(grey) > BLURRY else []


def tones(grey: Image.Image) -> tuple[int, int]:
    """The 2nd and the 98th percentile of brightness: a white object on black is neither dark nor bright."""
    histogram = grey.histogram()
    rank = 0.02 * sum(histogram)
    return reached(enumerate(histogram), rank), reached(reversed(list(enumerate(histogram))), rank)


def reached(levels: Iterable[tuple[int, int]], rank: float) -> int:
    """The level at which so many pixels have been counted."""
    count = 0.0
    for level, number in levels:
        count += number
        if count >= rank:
            return level
    return 0


def blur(grey: Image.Image) -> float:
    """From 0, sharp, to 1: how little blurring it once more changes (Crete et al. 2007, The Blur Effect)."""
    return max(blur_along(grey, 1, 0), blur_along(grey, 0, 1))


def blur_along(grey: Image.Image, right: int, down: int) -> float:
    steps = variation(grey, right, down)
    blurred = variation(grey.filter(ImageFilter.BoxBlur((4 * right, 4 * down))), right, down)
    total = ImageStat.Stat(steps).sum[0]
    return 1 - ImageStat.Stat(ImageChops.subtract(steps, blurred)).sum[0] / max(total, 1)


def variation(grey: Image.Image, right: int, down: int) -> Image.Image:
    width, height = grey.size
    shifted = grey.crop((right, down, width, height))
    return ImageChops.difference(shifted, grey.crop((0, 0, width - right, height - down)))


def size(image: Image.Image) -> list[str]:
    small = min(image.size) < SMALLEST
    long = max(image.size) > MOST_ASPECT * min(image.size)
    return ["small"] * small + ["aspect"] * long
