"""Two quality reports, and two measured datasets, side by side."""

import pytest

from generation import comparisons
from generation.findings import measured

from .columns import write

KID = {"value": 0.2, "floor": 0.04, "n": 200, "compared_with": "holdout"}


def verdicts(before: dict, after: dict) -> dict[str, str]:
    return {str(row.after.name): row.verdict for row in comparisons.compared(before, after)}


def kid(low: float, high: float) -> dict:
    return {"kid": KID | {"low": low, "high": high}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [((0.1, 0.2), (0.3, 0.4), "worse"), ((0.3, 0.4), (0.1, 0.2), "better"), ((0.1, 0.3), (0.2, 0.4), "same"),
     ((0.1, 0.2), (0.2, 0.3), "same")],
)  # fmt: skip
def test_a_difference_is_one_where_the_intervals_do_not_meet(before, after, expected):
    assert verdicts(kid(*before), kid(*after)) == {"Kernel distance (KID)": expected}


def diversity(coverage: float, n: int) -> dict:
    part = {"coverage": coverage, "coverage_of_real": 0.97, "recall": 0.8, "recall_of_real": 0.95, "n": n}
    return {"diversity": part | {"compared_with": "holdout"}}


def test_of_a_share_more_is_better_and_a_few_images_tell_nothing():
    assert verdicts(diversity(0.5, 1000), diversity(0.6, 1000))["Coverage"] == "better"
    assert verdicts(diversity(0.6, 1000), diversity(0.5, 1000))["Coverage"] == "worse"
    assert verdicts(diversity(0.5, 50), diversity(0.6, 50))["Coverage"] == "same"


def test_the_interval_of_a_share_is_wilsons():
    # Newcombe (1998), table I: 81 of 263 and 0 of 20.
    assert comparisons.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert comparisons.wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)


def test_a_figure_whose_chance_is_not_known_gets_no_verdict_and_one_that_is_missing_no_row():
    old = {"likeness": {"n": 80, "swd": {"avg": 21.0}, "swd_floor": {"avg": 17.5}}}
    assert measured(old, "kid") is None
    assert verdicts(old, old | kid(0.1, 0.2)) == {"Distance to real images (SWD)": "unknown"}


def test_measured_datasets_are_compared_by_what_lies_beyond_the_usual_thresholds(alice, dataset_of):
    before, after = dataset_of(alice, 10), dataset_of(alice, 10)
    assert comparisons.by_measures(before, after) == []
    for dataset, broken in ((before, 3), (after, 1)):
        near, scores = [2.0] * 10, [1.5] * broken + [0.5] * (10 - broken)
        write(dataset, (near, near), (near, near), (scores, [-score for score in scores]), [0] * 10)
    assert comparisons.by_measures(None, after) == []
    rows = {str(row.after.name): row for row in comparisons.by_measures(before, after)}
    artefacts = rows["Artefact score above 1"]
    assert (artefacts.before.value, artefacts.after.value, artefacts.verdict) == ("3", "1", "better")
    assert rows["Closeness to a source image below 1.25"].verdict == "equal"
    assert [row.verdict for row in comparisons.by_measures(after, before)] == ["equal", "equal", "worse"]
