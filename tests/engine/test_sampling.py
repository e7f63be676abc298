import numpy as np
import pytest
import torch

from generation.engine.config import RecipeRequest
from generation.engine.sampling import Sampler, image_seed
from generation.engine.trainer import Trainer


@pytest.fixture(params=["float32", "bfloat16"])
def checkpoint(request, shapes, tiny):
    recipe = tiny(RecipeRequest("quick", 32, kimg=0.16, labels=True), dtype=request.param)
    trainer = Trainer(shapes, recipe, torch.device("cpu"))
    for _ in range(3):
        trainer.step()
    return trainer.checkpoint(seconds=0).generator_only()


def sampler(checkpoint, sha256="ab", seed=0):
    return Sampler(checkpoint, sha256=sha256, seed=seed, device="cpu")


def by_slot(samples):
    return {sample.slot: sample for sample in samples}


def test_bytes_do_not_depend_on_sharding(checkpoint):
    whole = by_slot(sampler(checkpoint).images(range(200)))
    assert list(whole) == list(range(200))
    for slots in (range(7), range(60, 70), range(130, 200), [3, 64, 65, 199], [199, 3]):
        for sample in sampler(checkpoint).images(slots):
            assert np.array_equal(sample.pixels, whole[sample.slot].pixels)


def test_a_retry_changes_its_own_slot_only(checkpoint):
    first = by_slot(sampler(checkpoint).images(range(64)))
    retried = by_slot(sampler(checkpoint).images(range(64), {5: 2}))
    changed = [slot for slot in first if not np.array_equal(first[slot].pixels, retried[slot].pixels)]
    assert changed == [5]
    assert (retried[5].attempt, retried[5].label) == (2, first[5].label)


def test_a_retry_does_not_depend_on_its_neighbours(checkpoint):
    (alone,) = sampler(checkpoint).images([5], {5: 2})
    together = by_slot(sampler(checkpoint).images(range(64), {5: 2, 6: 1, 63: 15}))[5]
    assert np.array_equal(alone.pixels, together.pixels)
    assert alone.seed == together.seed


def test_images_follow_from_the_checkpoint_and_the_seed(checkpoint):
    (image,) = sampler(checkpoint).images([0])
    (same,) = sampler(checkpoint).images([0])
    (reseeded,) = sampler(checkpoint, seed=1).images([0])
    (rehashed,) = sampler(checkpoint, sha256="cd").images([0])
    assert np.array_equal(image.pixels, same.pixels)
    assert not np.array_equal(image.pixels, reseeded.pixels)
    assert not np.array_equal(image.pixels, rehashed.pixels)


def test_labels_go_round(checkpoint):
    labels = [sample.label for sample in sampler(checkpoint).images(range(62, 70))]
    assert labels == [checkpoint.recipe.classes[slot % 6] for slot in range(62, 70)]


def test_samples_are_images_of_the_recipe(checkpoint):
    (sample,) = sampler(checkpoint).images([9])
    assert sample.pixels.shape == (32, 32, 3)
    assert sample.pixels.dtype == np.uint8


@pytest.mark.parametrize(("slot", "attempt"), [(-1, 0), (0, 16), (0, -1)])
def test_slots_and_attempts_are_bounded(checkpoint, slot, attempt):
    with pytest.raises(ValueError, match="attempt"):
        list(sampler(checkpoint).images([slot], {slot: attempt}))


def test_image_seeds_are_fixed_and_distinct():
    assert image_seed("ab", 0, 0, 0) == image_seed("AB", 0, 0, 0) == 5201273743983843329
    seeds = {image_seed("ab", seed, slot, k) for seed in range(3) for slot in range(300) for k in range(3)}
    assert len(seeds) == 2700
    assert max(seeds) < 2**64
