"""The picture on the home page: what fixed latents of one generator become while it trains. Nothing is picked.

python -m benchmarks.growth_picture static/img [--kimg 400] [--threads 1]

Writes growth.webp, and growth-card.png for sites that show a link with its picture.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from generation.engine.config import RecipeRequest, resolve
from generation.engine.data import ImageSet, load
from generation.engine.devices import best_device, best_dtype
from generation.engine.drawn import SHAPES, write_folder
from generation.engine.pictures import Pixels
from generation.engine.trainer import Trainer
from generation.engine.training import preview_inputs

SIDE, IMAGES = 32, 3_000
CARD, PAPER = (1200, 630), (246, 248, 245)
STAGES = (0.0, 1.0, 3.0, 8.0, 20.0, 60.0)  # thousand images seen; the end of training is the last column


def columns(trainer: Trainer) -> Iterator[Pixels]:
    """uint8 [rows,SIDE,SIDE,3] for each stage: the first image of every label, its latent kept."""
    latents, labels = preview_inputs(trainer.recipe, len(SHAPES))
    for kimg in (*STAGES, trainer.recipe.kimg):
        while trainer.kimg < kimg and not trainer.finished:
            trainer.step()
        print(f"{trainer.kimg:g} kimg", flush=True)
        yield trainer.samples(latents, labels)


def drawn(kimg: float) -> tuple[ImageSet, RecipeRequest]:
    with tempfile.TemporaryDirectory() as folder:
        write_folder(folder, IMAGES, SIDE)
        return load(folder, SIDE, labels=True), RecipeRequest("quick", SIDE, kimg=kimg, labels=True)


def save(picture: Image.Image, folder: Path) -> None:
    picture.save(folder / "growth.webp", lossless=True, method=6)
    card = Image.new("RGB", CARD, PAPER)
    larger = picture.resize((3 * picture.width, 3 * picture.height), Image.Resampling.NEAREST)
    card.paste(larger, ((CARD[0] - larger.width) // 2, (CARD[1] - larger.height) // 2))
    card.quantize(256).save(folder / "growth-card.png", optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kimg", type=float, default=400.0, help="length of training, in thousands of images seen")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    images, request = drawn(options.kimg)
    device = best_device()
    recipe = resolve(
        request,
        images=len(images),
        channels=3,
        classes=images.classes,
        dtype=best_dtype(device),
        threads=options.threads,
    )
    grid = np.stack(list(columns(Trainer(images, recipe, device))))  # [columns,rows,SIDE,SIDE,3]
    pixels = grid.transpose(1, 2, 0, 3, 4).reshape(len(SHAPES) * SIDE, -1, 3)
    save(Image.fromarray(pixels), options.folder)


if __name__ == "__main__":
    main()
