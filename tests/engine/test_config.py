import subprocess
import sys

import pytest

from generation.engine.config import (
    PRESETS,
    RESOLUTIONS,
    Recipe,
    RecipeError,
    RecipeRequest,
    expected_seconds,
    pilot_seconds,
    resolve,
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("preset", "perfect"),
        ("resolution", 65),
        ("resolution", True),
        ("kimg", 0),
        ("kimg", float("nan")),
        ("kimg", "12"),
        ("minutes", -1),
        ("objective", "wgan"),
        ("labels", "yes"),
        ("fit", "stretch"),
        ("seed", -1),
        ("seed", 1.5),
        ("seed", 2**63),
    ],
)
def test_a_wrong_setting_is_named(field, value):
    with pytest.raises(RecipeError) as caught:
        RecipeRequest(**{field: value})
    assert caught.value.field == field
    assert str(caught.value)


def test_requests_survive_json():
    request = RecipeRequest("best", 128, kimg=3.5, labels=True, fit="pad", seed=9)
    assert RecipeRequest.from_dict(request.to_dict()) == request


def test_unknown_settings_are_refused():
    with pytest.raises(RecipeError) as caught:
        RecipeRequest.from_dict({"preset": "quick", "colour": "red"})
    assert caught.value.field == "colour"


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_recipes_survive_json(preset, resolution):
    recipe = resolve(RecipeRequest(preset, resolution), images=500, channels=3)
    assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize("images", [49, 10_001])
def test_the_number_of_images_is_bounded(images):
    with pytest.raises(RecipeError) as caught:
        resolve(RecipeRequest(), images=images, channels=3)
    assert caught.value.field == "images"


def test_labels_need_two_classes():
    with pytest.raises(RecipeError, match="two class folders"):
        resolve(RecipeRequest(labels=True), images=100, channels=3, classes=("one",))


def test_minutes_cap_the_length():
    request = RecipeRequest("quick", minutes=2, kimg=1000)
    assert resolve(request, images=100, channels=3, images_per_second=500).kimg == pytest.approx(60)
    assert resolve(request, images=100, channels=3).kimg == 1000


def test_the_paper_preset_is_the_plain_recipe():
    recipe = resolve(RecipeRequest("paper"), images=1000, channels=3)
    assert (recipe.a, recipe.b, recipe.c) == (0, 1, 1)
    assert (recipe.latent_dim, recipe.widths, recipe.batch) == (100, (512, 256, 128, 64), 64)
    assert (recipe.lr_g, recipe.lr_d, recipe.betas) == (2e-4, 2e-4, (0.5, 0.999))
    assert (recipe.kimg, recipe.offline_copies) == (750, 5)
    assert (recipe.ema_halflife_kimg, recipe.augmentation, recipe.r1_gamma, recipe.lr_decay) == (0, (), 0, 0)


@pytest.mark.parametrize("preset", ["quick", "standard", "best"])
def test_every_other_preset_averages_and_augments(preset):
    recipe = resolve(RecipeRequest(preset), images=1000, channels=3)
    assert recipe.ema_halflife_kimg > 0
    assert recipe.augmentation
    assert recipe.augment_limit <= 0.8


def test_the_expected_time_is_a_range_that_grows_with_the_work():
    small = expected_seconds(RecipeRequest("quick"), images=500, count=1000)
    large = expected_seconds(RecipeRequest("quick"), images=500, count=100_000)
    assert 0 < small[0] < small[1]
    assert large[0] > small[0]


def test_a_pilot_narrows_the_expected_time():
    guess = expected_seconds(RecipeRequest("quick", kimg=100), images=500)
    known = expected_seconds(RecipeRequest("quick", kimg=100), images=500, images_per_second=500)
    assert known[1] / known[0] < guess[1] / guess[0]
    assert known[0] < 200 < known[1]


def test_forms_can_read_the_settings_without_torch():
    code = "import sys, generation.engine.config; sys.exit(bool({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def settled(preset, speed, images=1000, resolution=64):
    return resolve(RecipeRequest(preset, resolution), images=images, channels=3, images_per_second=speed)


@pytest.mark.parametrize("preset", ["quick", "standard", "best"])
def test_a_slow_device_trains_for_less_but_never_for_next_to_nothing(preset):
    usual = resolve(RecipeRequest(preset), images=1000, channels=3)
    slow, slowest = settled(preset, 20), settled(preset, 0.01)
    assert slow.kimg < usual.kimg
    assert slowest.kimg == usual.kimg / 4


def test_a_fast_device_looks_longer_at_first_and_takes_wide_networks():
    assert settled("quick", 2000).kimg > 2 * settled("quick", 200).kimg
    assert settled("quick", 1e6).kimg <= settled("standard", 1e6).kimg
    assert settled("standard", 20_000).widths == settled("best", 20_000).widths
    assert settled("standard", 200).widths == settled("quick", 200).widths


def test_devices_of_nearly_the_same_speed_settle_on_the_same():
    assert settled("standard", 200) == settled("standard", 230)
    assert settled("quick", 200) == settled("quick", 230)


def test_the_paper_preset_is_the_same_on_every_device():
    assert settled("paper", 1) == settled("paper", 1e6)


def test_more_images_train_for_longer_and_few_are_augmented_more():
    few, many = settled("standard", 300, images=100), settled("standard", 300, images=6000)
    assert few.kimg < many.kimg
    assert few.augment_start > many.augment_start
    assert set(few.augmentation) > set(many.augmentation)


def test_the_pilot_of_a_short_job_is_short():
    lengths = [pilot_seconds(RecipeRequest("quick", kimg=kimg), images=100) for kimg in (0.1, 40, 80, 1000)]
    assert lengths == sorted(set(lengths))
    assert (lengths[0], lengths[-1]) == (0.5, 20)


def test_small_images_take_small_batches_a_strong_penalty_and_a_body_that_is_smooth_throughout():
    recipes = [resolve(RecipeRequest("standard", side), images=1000, channels=3) for side in RESOLUTIONS]
    assert [recipe.r1_gamma for recipe in recipes] == [1.75, 2, 0.3, 1.2, 4.8]
    assert [recipe.batch for recipe in recipes] == [16, 16, 32, 32, 32]
    assert [recipe.body for recipe in recipes] == ["smooth", "smooth", "smooth-last", "smooth-last", "smooth-last"]
