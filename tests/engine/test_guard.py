from dataclasses import replace

import pytest

from generation.engine import guard
from generation.engine.guard import Condition, Evaluation, Reading

GOOD = Evaluation(score=0.5, diversity=0.9, twins=0.02, r_v=0.0, r_t=0.3, kimg=30.0)
CALM = Reading(loss=1.0, penalty=0.1, finite=True)


def evaluated(condition, *evaluations, at_limit=False):
    """-> what each was found to be, and the condition after them."""
    found = []
    for evaluation in evaluations:
        condition, finding = guard.after_evaluation(condition, evaluation, at_limit=at_limit)
        found.append(finding)
    return found, condition


def read(condition, *readings):
    found = []
    for reading in readings:
        condition, finding = guard.after_reading(condition, reading)
        found.append(finding)
    return found, condition


def test_a_healthy_run_is_left_alone():
    assert evaluated(Condition(best_score=0.6), *[GOOD] * 8)[0] == [""] * 8
    assert read(Condition(), *[CALM] * 100)[0] == [""] * 100


@pytest.mark.parametrize("change", [{"diversity": 0.3}, {"twins": 0.6}])
def test_images_too_alike_twice_in_a_row_are_collapse(change):
    alike = replace(GOOD, **change)
    found, _ = evaluated(Condition(), GOOD, GOOD, alike, GOOD, alike, alike)
    assert found == ["", "", "", "", "", "collapse"]


def test_early_images_may_be_alike():
    early = replace(GOOD, diversity=0.1, twins=1.0, kimg=3.0)
    alike = replace(early, kimg=30.0)
    assert evaluated(Condition(), *[early] * 8)[0] == [""] * 8
    assert evaluated(Condition(), *[alike] * 4)[0] == ["", "", "", "collapse"]


def test_images_that_were_unlike_may_not_become_alike_however_early():
    early = replace(GOOD, kimg=3.0)
    assert evaluated(Condition(), early, early, *[replace(early, twins=1.0)] * 2)[0] == ["", "", "", "collapse"]


def test_scores_far_from_the_best_for_three_evaluations_are_divergence():
    worse, bad = replace(GOOD, score=0.8), replace(GOOD, score=2.0)
    found, _ = evaluated(Condition(best_score=0.5), bad, bad, worse, bad, bad, bad)
    assert found == ["", "", "", "", "", "divergence"]


def test_a_score_that_is_no_number_is_far_from_the_best():
    nothing = replace(GOOD, score=float("nan"))
    assert evaluated(Condition(best_score=0.5), *[nothing] * 3)[0][-1] == "divergence"


@pytest.mark.parametrize("change", [{"loss": 10.1}, {"penalty": 1.1}])
def test_losses_far_above_their_median_are_divergence(change):
    wild = replace(CALM, **change)
    found, _ = read(Condition(), *[CALM] * 8, wild, wild, wild, CALM, *[wild] * 4)
    assert found == [""] * 15 + ["divergence"]


def test_wild_readings_do_not_move_the_median():
    _, condition = read(Condition(), *[CALM] * 8, replace(CALM, loss=50.0))
    assert set(condition.losses) == {1.0}
    assert condition.wild == 1


def test_the_first_readings_have_nothing_to_be_compared_with():
    assert read(Condition(), *[replace(CALM, loss=10.0**n) for n in range(8)])[0] == [""] * 8


@pytest.mark.parametrize("change", [{"loss": float("nan")}, {"penalty": float("inf")}, {"finite": False}])
def test_what_is_no_number_is_found_at_once(change):
    assert read(Condition(), replace(CALM, **change))[0] == ["not-finite"]


def test_knowing_learnt_images_from_unseen_ones_is_overfitting():
    sure = replace(GOOD, r_v=0.8, r_v_error=0.1)
    assert evaluated(Condition(), sure, sure)[0] == ["", "overfitting"]
    unsure = replace(GOOD, r_v=0.8, r_v_error=0.2)
    assert evaluated(Condition(), unsure, unsure)[0] == ["", ""]


def test_a_run_that_still_gets_better_is_not_restrained():
    better = replace(GOOD, score=0.4, r_v=0.8, r_v_error=0.1)
    assert evaluated(Condition(best_score=0.5), better, better)[0] == ["", ""]
    assert evaluated(Condition(best_score=0.3), better, better)[0] == ["", "overfitting"]


def test_without_held_out_images_r_t_tells_overfitting_once_augmentation_can_do_no_more():
    sure = replace(GOOD, score=None, r_v=None, r_t=0.96)
    assert evaluated(Condition(), sure, sure, at_limit=False)[0] == ["", ""]
    assert evaluated(Condition(), sure, sure, at_limit=True)[0] == ["", "overfitting"]


def test_overfitting_is_met_with_more_augmentation_and_a_stronger_penalty():
    after = guard.adjusted(Condition(), "overfitting", p=0.4, limit=0.8)
    assert (after.augment_floor, after.gamma_factor, after.lr_factor, after.strikes) == (0.5, 2.0, 1.0, 0)
    for _ in range(9):
        after = guard.adjusted(after, "overfitting", p=0.4, limit=0.8)
    assert (after.augment_floor, after.gamma_factor) == (0.8, 8.0)


@pytest.mark.parametrize("finding", ["collapse", "divergence", "not-finite"])
def test_the_third_time_is_the_last(finding):
    condition = Condition(worse=2, collapsed=1, wild=3)
    for strike in (1, 2, 3):
        assert condition.given_up == ""
        condition = guard.adjusted(condition, finding, p=0.0, limit=0.8)
        assert (condition.strikes, condition.lr_factor) == (strike, 0.5**strike)
    assert condition.given_up == finding
    assert (condition.worse, condition.collapsed, condition.wild) == (0, 0, 0)


def test_the_best_is_the_nearest_to_held_out_images():
    condition = Condition(best_score=0.5)
    assert guard.is_best(condition, replace(GOOD, score=0.4), first=False)
    assert not guard.is_best(condition, replace(GOOD, score=0.6), first=False)
    assert not guard.is_best(condition, replace(GOOD, score=float("nan")), first=False)
    assert not guard.is_best(replace(condition, wild=1), replace(GOOD, score=0.4), first=False)
    assert not guard.is_best(replace(condition, collapsed=1), replace(GOOD, score=0.4), first=False)


def test_without_held_out_images_the_newest_sound_one_is_kept():
    unscored = replace(GOOD, score=None)
    assert guard.is_best(Condition(), unscored, first=False)
    assert not guard.is_best(Condition(collapsed=1), unscored, first=False)
    assert guard.is_best(Condition(collapsed=1), unscored, first=True)


def test_a_condition_survives_a_checkpoint():
    condition = Condition(3, 1, 0.5, 2.0, 0.3, True, 0.7, "", (1.0, 2.0), (0.1,), 1, 2, 1, 1)
    assert Condition.from_dict(condition.to_dict()) == condition
