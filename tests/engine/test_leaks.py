"""Augmentation stays with the discriminator; and the yardstick for leaks sees what it must."""

import pytest

from benchmarks.leaks import HUE, STRONGEST, drawn_with, leaked, squares


def test_upright_squares_of_the_right_hue_pass():
    assert leaked(squares(count=200)) < 0.005


def test_turned_and_recoloured_squares_are_seen():
    assert leaked(squares(angle=12, count=200)) > 0.95
    assert leaked(squares(hue=HUE + 0.08, count=200)) > 0.95


@pytest.mark.slow
def test_at_its_strongest_augmentation_turns_and_recolours_less_than_one_sample_in_a_hundred():
    assert leaked(drawn_with(STRONGEST, kimg=25.0)) < 0.01
