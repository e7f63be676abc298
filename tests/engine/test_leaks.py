"""Whether the yardstick for leaks of augmentation sees what it must."""

from benchmarks.leaks import HUE, leaked, squares


def test_upright_squares_of_the_right_hue_pass():
    assert leaked(squares(count=200)) < 0.005


def test_turned_and_recoloured_squares_are_seen():
    assert leaked(squares(angle=12, count=200)) > 0.95
    assert leaked(squares(hue=HUE + 0.08, count=200)) > 0.95
