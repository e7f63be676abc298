import pytest

from generation.engine.commands.notes import words
from generation.engine.progress import Note


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (Note("overfitting", 3, {"gamma_factor": 2, "p": 0.3}), "R1 is now 2 times the recipe's, p at least 0.30"),
        (
            Note("collapse", 9, {"back_to": 4, "lr_factor": 0.5, "p": 0.1, "strike": 1}),
            "the images became alike: back to 4 kimg",
        ),
        (Note("gave-up-divergence", 9, {"best_kimg": 4}), "real images for the third time: the run ends here"),
        (Note("delivers-best", 9, {"best_kimg": 4, "score": 1.0}), "that of 4 kimg, the best by held-out images"),
        (Note("delivers-last", 9, {"best_kimg": 9}), "no images were held out"),
        (Note("other-machine", 9), "last bits will differ"),
    ],
)
def test_what_happened_is_told_in_words(note, said):
    assert said in words(note)
