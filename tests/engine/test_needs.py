from dataclasses import replace
from itertools import product

import pytest
import torch

from generation.engine import footprint, needs
from generation.engine.config import CHANNELS, PRESETS, RESOLUTIONS, RecipeRequest, resolve
from generation.engine.footprint import training_bytes
from generation.engine.needs import TooLittleMemory, check_memory, free_bytes
from generation.engine.networks import build_discriminator, build_generator

CPU = torch.device("cpu")


def bytes_for(preset, resolution, images=1000):
    return training_bytes(resolve(RecipeRequest(preset, resolution), images=images, channels=3), images)


def test_more_of_anything_takes_more_memory():
    assert bytes_for("quick", 64) < bytes_for("quick", 128) < bytes_for("quick", 256)
    assert bytes_for("quick", 64) < bytes_for("best", 64)
    assert bytes_for("standard", 128, images=10_000) - bytes_for("standard", 128, images=5000) >= 5000 * 128**2 * 3


def test_what_would_fit_is_named(shapes, monkeypatch):
    monkeypatch.setattr(needs, "free_bytes", lambda device: bytes_for("best", 64, 240) + 1)
    with pytest.raises(TooLittleMemory) as caught:
        check_memory(RecipeRequest("best", 256), shapes, CPU, "float32")
    assert caught.value.fits["resolution"] == 64
    assert "resolution 64" in str(caught.value)
    check_memory(RecipeRequest("best", caught.value.fits["resolution"]), shapes, CPU, "float32")


def test_a_lighter_preset_is_named_too(shapes, monkeypatch):
    monkeypatch.setattr(needs, "free_bytes", lambda device: bytes_for("quick", 128, 240) + 1)
    with pytest.raises(TooLittleMemory, match="preset quick or resolution 32"):
        check_memory(RecipeRequest("best", 128), shapes, CPU, "float32")


def test_where_nothing_fits_it_says_so(shapes, monkeypatch):
    monkeypatch.setattr(needs, "free_bytes", lambda device: 1000)
    with pytest.raises(TooLittleMemory, match="nothing smaller would fit"):
        check_memory(RecipeRequest("quick", 64), shapes, CPU, "float32")


def test_this_machine_says_what_is_free():
    assert 0 < free_bytes(CPU) < 2**45


def test_a_containers_limit_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(needs, "LIMITS", tmp_path)
    for name, text in (("max", "3000"), ("current", "2500"), ("stat", "anon 1\ninactive_file 500\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert free_bytes(CPU) == 1000
    (tmp_path / "memory.max").write_text("max")
    assert free_bytes(CPU) > 1000


@pytest.mark.parametrize(("preset", "resolution"), product(PRESETS, RESOLUTIONS))
def test_weights_are_counted_without_building_the_networks(preset, resolution):
    for channels, classes in product(CHANNELS, ((), ("cat", "dog", "owl"))):
        request = RecipeRequest(preset, resolution, labels=bool(classes))
        recipe = resolve(request, images=500, channels=channels, classes=classes)
        with torch.device("meta"):
            nets = (build_generator(recipe), build_discriminator(recipe))
        built = sum(weight.numel() for net in nets for weight in net.parameters())
        assert footprint.weights(recipe) == built


@pytest.mark.parametrize("body", ["smooth", "smooth-last", "strided"])
def test_weights_of_every_body_are_counted(body):
    recipe = replace(resolve(RecipeRequest("quick", 32), images=500, channels=3), body=body)
    nets = (build_generator(recipe), build_discriminator(recipe))
    assert footprint.weights(recipe) == sum(weight.numel() for net in nets for weight in net.parameters())


def test_a_machine_has_what_its_container_may_use(tmp_path, monkeypatch):
    monkeypatch.setattr(footprint, "LIMITS", tmp_path)
    monkeypatch.setattr(footprint, "MEMORY", tmp_path / "meminfo")
    assert footprint.machine_bytes() is None
    (tmp_path / "meminfo").write_text("MemTotal:       4 kB\nMemFree:        1 kB\n")
    assert footprint.machine_bytes() == 4096
    (tmp_path / "memory.max").write_text("max")
    assert footprint.machine_bytes() == 4096
    (tmp_path / "memory.max").write_text("1024")
    assert footprint.machine_bytes() == 1024
