"""Pictures with the size and the grain of photographs, for measuring what images cost to send and to check."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

BASES = 24
BASE_SIDE = 1200
OCTAVES = (3, 6, 12, 24, 60, 150, 400)
QUALITY = 94


def write_zip(path: Path, count: int, size: int, seed: int = 0) -> None:
    """`count` JPEG files of `size` pixels, about 30 KB each at 400, no two alike."""
    rng = np.random.default_rng(seed)
    bases = [base(rng) for _ in range(BASES)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(count):
            archive.writestr(f"photograph-{number:05d}.jpg", jpeg(picture(bases[number % BASES], size, rng)))


def base(rng: np.random.Generator) -> np.ndarray:
    """Clouds of every scale, the finer the fainter, as in most photographs. [BASE_SIDE,BASE_SIDE,3] in 0..255."""
    total = np.zeros((BASE_SIDE, BASE_SIDE, 3), np.float32)
    for cells in OCTAVES:
        grain = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(grain.resize((BASE_SIDE, BASE_SIDE), Image.Resampling.BICUBIC), np.float32) / cells**0.55
    low, high = np.percentile(total, (1, 99))
    return np.clip((total - low) / (high - low) * 255, 0, 255)


def picture(pixels: np.ndarray, size: int, rng: np.random.Generator) -> Image.Image:
    """A window of the base in a light of its own, mirrored half the time."""
    top, left = rng.integers(0, BASE_SIDE - size, 2)
    light = rng.uniform(0.6, 1.2, 3).astype(np.float32)
    window = np.clip(pixels[top : top + size, left : left + size] * light, 0, 255).astype(np.uint8)
    return Image.fromarray(window[:, :: rng.choice((-1, 1))])


def jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
