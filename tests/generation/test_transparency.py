"""Transparent images, from the upload to the bundle, and what is refused before training."""

import io
import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image, ImageDraw

from generation import gallery, jobs, uploads
from generation.engine import needs
from generation.engine.config import RecipeRequest
from generation.intake import run_intake
from generation.models import SourceSet
from generation.tasks import sheets, sources, train

from .pictures import encoded, zipped

pytestmark = pytest.mark.usefixtures("transactional_db", "valkey")

KEEP = RecipeRequest(preset="quick", resolution=28, kimg=0.32, transparency="keep")


@pytest.fixture(autouse=True)
def short_pilot(monkeypatch):
    monkeypatch.setattr(train, "pilot_seconds", lambda *asked: 0.1)


def disc(number: int) -> bytes:
    dice = random.Random(number)
    image = Image.new("RGBA", (40, 40))
    left, top, side = dice.randrange(10), dice.randrange(10), dice.randrange(12, 28)
    colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
    ImageDraw.Draw(image).ellipse((left, top, left + side, top + side), fill=colour)
    return encoded(image)


@pytest.fixture
def set_of(alice) -> Callable[..., SourceSet]:
    """set_of(disc) is a set of sixty such images, taken in."""

    def make(disc: Callable[[int], bytes]) -> SourceSet:
        source_set = SourceSet.objects.create(owner=alice, name="Discs", declared_at=timezone.now())
        content = zipped({f"{number}.png": disc(number) for number in range(60)})
        run_intake(uploads.receive(source_set, ContentFile(content, name="discs.zip")).pk, lambda: True)
        source_set.refresh_from_db()
        return source_set

    return make


@pytest.fixture
def discs(set_of) -> SourceSet:
    return set_of(disc)


def test_transparent_images_make_transparent_images(alice, discs, run_all):
    job = jobs.submit(alice, discs, count=64, request=KEEP, seed=7)
    run_all()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback or job.reason
    assert (job.dataset.channels, job.resolved["channels"]) == (4, 4)
    with Image.open(io.BytesIO(gallery.image_bytes(job.dataset, 0))) as image:
        assert image.mode == "RGBA"
    with Image.open(io.BytesIO(gallery.contact_sheet(job.dataset))) as sheet:
        assert sheet.mode == "RGB"


def test_more_images_of_it_are_transparent_as_well(alice, discs, run_all):
    jobs.submit(alice, discs, count=64, request=KEEP, seed=7)
    run_all()
    more = jobs.more(alice, discs.generators.get(), count=10)
    run_all()
    more.refresh_from_db()
    assert more.state == "succeeded", more.traceback or more.reason
    assert more.dataset.channels == 4


@pytest.mark.parametrize(("transparency", "corner"), [("keep", [0, 0, 0, 0]), ("white", [255, 255, 255])])
def test_the_seller_chooses_what_becomes_of_transparency(discs, transparency, corner):
    request = RecipeRequest(resolution=32, transparency=transparency)
    images = sources.load(discs, request, lambda: None)
    assert images.pixels[0, 0, 0].tolist() == corner


def test_people_see_transparency_as_a_checkerboard():
    clear = np.zeros((1, 64, 64, 4), np.uint8)
    assert set(np.unique(sheets.grid(clear))) == {224, 255}


def white_disc(number: int) -> bytes:
    image = Image.new("RGBA", (40, 40))
    ImageDraw.Draw(image).ellipse((0, 0, 12 + number % 20, 12 + number // 20), fill="white")
    return encoded(image)


def test_white_images_put_on_white_are_refused_before_training(alice, set_of, run_all):
    job = jobs.submit(alice, set_of(white_disc), count=64, request=replace(KEEP, transparency="white"))
    run_all()
    job.refresh_from_db()
    assert "All images are the same" in job.reason
    assert "keep the transparency" in job.reason
    assert not job.events.filter(kind="progress").exists()


def test_too_little_memory_is_told_before_training(alice, drawn_set, run_all, monkeypatch):
    monkeypatch.setattr(needs, "free_bytes", lambda device: 300_000_000)
    best = RecipeRequest(preset="best", resolution=128)
    job = jobs.submit(alice, drawn_set(alice), count=64, request=best)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.resolved) == ("failed", None)
    assert "286.1\xa0MB are free on the machine. This would fit: a resolution of 32 pixels." in job.reason
