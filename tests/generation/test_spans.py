import pytest

from generation.spans import span

# Ranges of seconds and what people are told; the pages' script must say the same (tests/e2e/test_job_page.py).
SAID = [
    (31, 58, "30 to 60 seconds"),
    (44, 41, "about 40 seconds"),
    (100, 150, "1.5 to 3 minutes"),
    (40, 200, "0.5 to 3 minutes"),
    (10, 200, "10 seconds to 3 minutes"),
    (200, 310, "3 to 5 minutes"),
    (6_000, 9_500, "1.5 to 2.5 hours"),
    (9_000, 12_600, "2.5 to 3.5 hours"),
    (3_500, 3_550, "58 to 59 minutes"),
]


@pytest.mark.parametrize(("low", "high", "words"), SAID)
def test_a_range_of_time_is_told_in_one_unit(low, high, words):
    assert span(low, high) == words
