"""The engine: what its images are worth, how fast it makes them, and whether copies are found."""

from benchmarks import artefacts, copies, drawn_set, ladder, leaks, training_speed
from benchmarks.quality import contest
from benchmarks.sampling import million, speed

PARTS = {
    "drawn": drawn_set.bars,
    "training-speed": training_speed.bars,
    "copies": copies.bars,
    "ladder": ladder.bars,
    "artefacts": artefacts.bars,
    "leaks": leaks.bars,
    "sampling": speed.bars,
    "million": million.bars,
    "time-to-quality": contest.time_to_quality,
    "equal-time": contest.equal_time,
    "hundred": contest.hundred,
}
