from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch

from generation.engine.checkpoints import Checkpoint
from generation.engine.config import MAX_ATTEMPTS, RecipeRequest
from generation.engine.networks import build_generator
from generation.engine.pictures import to_pixels
from generation.engine.sampling import Sampler, image_seed
from generation.engine.shares import Shares
from generation.engine.trainer import Trainer


@pytest.fixture(params=["float32", "bfloat16"])
def checkpoint(request, shapes, tiny):
    recipe = tiny(RecipeRequest("quick", 32, kimg=0.16, labels=True), dtype=request.param)
    trainer = Trainer(shapes, recipe, torch.device("cpu"))
    for _ in range(3):
        trainer.step()
    return trainer.checkpoint(seconds=0).generator_only()


def sampler(checkpoint, sha256="ab", seed=0, shares=None):
    return Sampler(checkpoint, sha256=sha256, seed=seed, device="cpu", shares=shares)


def by_slot(samples):
    return {sample.slot: sample for sample in samples}


def test_bytes_do_not_depend_on_sharding(checkpoint):
    whole = by_slot(sampler(checkpoint).images(range(200)))
    assert list(whole) == list(range(200))
    for slots in (range(7), range(60, 70), range(130, 200), [3, 64, 65, 199], [199, 3]):
        for sample in sampler(checkpoint).images(slots):
            assert np.array_equal(sample.pixels, whole[sample.slot].pixels)


def test_bytes_do_not_depend_on_the_number_of_threads(checkpoint):
    whole, alone = sampler(checkpoint), sampler(checkpoint)
    whole.threads, alone.threads = 3, 1
    before = torch.get_num_threads()
    pairs = zip(whole.batches(range(300)), alone.batches(range(300)), strict=True)
    assert all(np.array_equal(left.pixels, right.pixels) for left, right in pairs)
    assert torch.get_num_threads() == before


def test_slots_of_many_blocks_share_a_batch_where_their_places_differ(checkpoint):
    whole = by_slot(sampler(checkpoint).images(range(256)))
    batches = list(sampler(checkpoint).batches([3, 70, 200, 131]))
    assert [batch.slots for batch in batches] == [[3, 70, 200], [131]]
    for sample in (sample for batch in batches for sample in batch.samples()):
        assert np.array_equal(sample.pixels, whole[sample.slot].pixels)


def test_only_what_is_asked_for_soon_is_computed(checkpoint):
    taken = []
    slots = (taken.append(slot) or slot for slot in range(10**9))
    assert len(list(islice(sampler(checkpoint).images(slots), 100))) == 100
    assert len(taken) < 64 * (sampler(checkpoint).threads + 5)


def test_folding_the_normalisation_changes_no_more_than_rounding(tiny):
    recipe = tiny(RecipeRequest("paper", 32, kimg=0.16), dtype="float32")
    net, random = build_generator(recipe), torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(generator=random)
            module.running_var.uniform_(0.05, 0.2, generator=random)
    made = Checkpoint(recipe, 0, {f"ema/{name}": value for name, value in net.state_dict().items()})
    batch = next(sampler(made).batches(range(64)))
    latents = [np.random.Generator(np.random.Philox(key=seed)).standard_normal(8, np.float32) for seed in batch.seeds]
    expected = to_pixels(net.eval()(torch.from_numpy(np.stack(latents))).detach())
    assert np.abs(batch.pixels.astype(int) - expected).max() <= 1
    assert expected.std() > 10


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


def test_classes_come_in_the_shares_asked_for(checkpoint):
    shares = Shares((60, 20, 10, 5, 5, 0), first=64)
    whole = by_slot(sampler(checkpoint, shares=shares).images(range(64, 164)))
    counts = Counter(sample.label for sample in whole.values())
    assert [counts[name] for name in checkpoint.recipe.classes] == [60, 20, 10, 5, 5, 0]
    assert all(sampler(checkpoint, shares=shares).label(slot) == whole[slot].label for slot in whole)
    for sample in sampler(checkpoint, shares=shares).images([70, 163, 99], {99: 0}):
        assert np.array_equal(sample.pixels, whole[sample.slot].pixels)


def test_a_class_decides_what_is_drawn(checkpoint):
    (first,), (second,) = (
        sampler(checkpoint, shares=Shares(counts)).images([0]) for counts in [(1, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0)]
    )
    assert first.seed == second.seed
    assert not np.array_equal(first.pixels, second.pixels)


def test_shares_are_of_the_classes_there_are(checkpoint):
    with pytest.raises(ValueError, match="2 shares for 6 classes"):
        sampler(checkpoint, shares=Shares((1, 1)))


def test_samples_are_images_of_the_recipe(checkpoint):
    (sample,) = sampler(checkpoint).images([9])
    assert sample.pixels.shape == (32, 32, 3)
    assert sample.pixels.dtype == np.uint8


@pytest.mark.parametrize(("slot", "attempt"), [(-1, 0), (0, MAX_ATTEMPTS), (0, -1)])
def test_slots_and_attempts_are_bounded(checkpoint, slot, attempt):
    with pytest.raises(ValueError, match="attempt"):
        list(sampler(checkpoint).images([slot], {slot: attempt}))


def test_image_seeds_are_fixed_and_distinct():
    assert image_seed("ab", 0, 0, 0) == image_seed("AB", 0, 0, 0) == 5201273743983843329
    seeds = {image_seed("ab", seed, slot, k) for seed in range(3) for slot in range(300) for k in range(3)}
    assert len(seeds) == 2700
    assert max(seeds) < 2**64
