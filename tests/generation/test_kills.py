"""A real site whose processes are killed at random moments while a job runs."""

import pytest

from benchmarks.jobs import kills

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def test_a_job_survives_ten_kills_and_its_images_are_those_of_an_undisturbed_one():
    story = kills.told(kills.KILLS, minutes=kills.MINUTES, count=kills.COUNT)
    assert story.state == "succeeded", story.reason
    assert len(story.killed) == kills.KILLS
    assert {"horse of train", "worker of train", "valkey", "web", "sweep"} <= set(story.killed)
    assert story.same
    assert story.faults == 0
    assert max(story.repeated) < kills.MOST_REPEATED
