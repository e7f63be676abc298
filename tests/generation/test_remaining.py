"""How much longer a job takes: from figures alone."""

import pytest

from generation import remaining
from generation.remaining import Pace, Size, Training

EXPECTED = {"sampling": 30.0, "screening": 1.0, "evaluating": 8.0, "packing": 2.0}
SIZE = Size(resolution=64, sources=500, count=10_000, labelled=False)


def trained(seconds_per_image: float, images: int, *, every: float = 0.0, whole: float = 10_000.0) -> Training:
    """A run that has shown so many images, a pause of `every` seconds after each hundred."""
    run = Training(guess=seconds_per_image, pauses=0.0)
    for seen in range(0, images + 1, 100):
        seconds = seen * seconds_per_image
        run.see(seconds + every * seen / 100, seconds, seen, seen / whole)
    return run


@pytest.mark.parametrize("seconds", [0.1, 1.0, 17.3, 3600.0, 1e6])
def test_the_ends_of_a_range_differ_by_less_than_promised(seconds):
    low, high = remaining.around(seconds)
    assert low <= max(1.0, seconds) <= high
    assert high / low <= 1.6


def test_a_range_that_was_said_a_while_ago_is_nearer_now():
    assert remaining.aged([40.0, 60.0], 30.0) == [10.0, 30.0]
    assert remaining.aged([40.0, 60.0], 50.0) == [0.0, 10.0]


def test_a_steady_run_is_told_exactly():
    assert trained(0.01, 4_000).left(6_000, 0.4, 10_000.0) == pytest.approx(60.0)


def test_before_anything_is_measured_the_pilot_tells():
    run = Training(guess=0.02, pauses=5.0)
    assert run.left(10_000, 0.0, 10_000.0) == pytest.approx(205.0)


def test_pauses_are_no_part_of_the_pace_and_still_to_come():
    run = trained(0.01, 5_000, every=1.0)
    assert run.per_image(10_000.0) == pytest.approx(0.01)
    assert run.left(5_000, 0.5, 10_000.0) == pytest.approx(50 + 0.5 * 50 / 0.75)


def test_a_machine_that_has_become_slower_is_told_by_its_newest_pace():
    pace = Pace()
    for second in range(100):
        pace.see(second, 100 * second)
    for second in range(100, 301):
        pace.see(second, 10_000 + 10 * (second - 100))
    assert pace.per_unit(guess=0.01, worth=0) == pytest.approx(0.1)


def test_a_resumed_run_counts_what_it_did_itself():
    run = Training(guess=1.0, pauses=0.0)
    for seen in range(9_000, 9_500, 10):
        run.see(seen * 0.01, 500 + seen * 0.01, seen, seen / 10_000)
    assert run.pace.per_unit(guess=1.0, worth=0) == pytest.approx(0.01)


def test_a_long_run_is_remembered_in_few_figures():
    pace = Pace()
    for second in range(20_000):
        pace.see(second, 3 * second)
    assert len(pace.points) <= remaining.MOST_POINTS + 1
    assert pace.per_unit(0.0, 0.0) == pytest.approx(1 / 3)


def test_a_stage_that_takes_longer_than_expected_is_not_said_to_be_over():
    assert remaining.of_stage(10.0, 4.0) == 6.0
    assert remaining.of_stage(10.0, 50.0) == 10.0


@pytest.mark.parametrize(
    ("stage", "left"), [("training", 41.0), ("sampling", 11.0), ("evaluating", 2.0), ("packing", 0.0)]
)
def test_the_stages_that_follow_count_too(stage, left):
    assert remaining.after(stage, EXPECTED) == left


def test_more_images_and_larger_ones_take_longer():
    usual = SIZE.usual()
    for other in (Size(64, 500, 20_000, False), Size(128, 500, 10_000, False)):
        assert other.usual()["sampling"] > usual["sampling"]
    assert Size(64, 500, 10_000, True).usual()["evaluating"] > usual["evaluating"]
    assert min(Size(28, 0, 1, False).usual().values()) > 0
