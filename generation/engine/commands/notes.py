from __future__ import annotations

from generation.engine.progress import Note

TROUBLES = {
    "collapse": "the images became alike",
    "divergence": "training moved away from the real images",
    "not-finite": "a number was no longer finite",
}


def words(note: Note) -> str:
    """What happened, in a sentence for people."""
    numbers = note.numbers
    trouble = TROUBLES.get(note.code.removeprefix("gave-up-"), note.code)
    if note.gave_up:
        return f"{trouble} for the third time: the run ends here, with what it has"
    if note.code in TROUBLES:
        back = f"back to {numbers['back_to']:g} kimg, learning rates now {numbers['lr_factor']:g} times the recipe's"
        return f"{trouble}: {back} (time {numbers['strike']:g}, the third ends the run)"
    if note.code == "overfitting":
        measures = f"R1 is now {numbers['gamma_factor']:g} times the recipe's, p at least {numbers['p']:.2f}"
        return f"the discriminator learns the images by heart: {measures}"
    if note.code == "delivers-best":
        return f"the generator is that of {numbers['best_kimg']:g} kimg, the best by held-out images"
    if note.code == "delivers-last":
        return f"the generator is that of {numbers['best_kimg']:g} kimg: no images were held out to judge by"
    if note.code == "other-machine":
        return "the run goes on with another PyTorch or processor: its last bits will differ from here on"
    return note.code
