"""Mends a searcher's words with the words that sellers use. Hangul is compared by its single sounds (jamo)."""

import unicodedata
from collections import Counter
from collections.abc import Iterable

from .models import ShelfWord, WordShape
from .words import is_paired

# Shorter words are a slip away from too many others, longer ones are hardly typed.
SHORTEST, LONGEST = 4, 20
# From so many sounds on two slips are forgiven.
LONG = 7
TOGETHER = 1_000


def sounds(word: str) -> str:
    """의류 as ㅇㅢㄹㅠ; Latin letters as they are."""
    return unicodedata.normalize("NFD", word)


def shapes(word: str) -> set[str]:
    """The word, and the word without each one of its sounds."""
    whole = sounds(word)
    return {whole, *(whole[:at] + whole[at + 1 :] for at in range(len(whole)))}


def is_learnt(word: str) -> bool:
    return len(word) <= LONGEST and len(sounds(word)) >= SHORTEST and not any(map(str.isdigit, word))


def learn(found: Iterable[str]) -> None:
    """Adds words that the shelf did not have; how often each occurs is counted when it is rebuilt."""
    words = {word for word in found if is_learnt(word)}
    new = words - set(ShelfWord.objects.filter(word__in=words).values_list("word", flat=True))
    keep(Counter(new))


def keep(counted: Counter[str]) -> None:
    """Words that were counted elsewhere; what is kept already stays as it is."""
    rows = (ShelfWord(word=word, listings=listings) for word, listings in counted.items() if is_learnt(word))
    ShelfWord.objects.bulk_create(rows, TOGETHER, ignore_conflicts=True)
    words = list(counted)
    for at in range(0, len(words), TOGETHER):
        kept = ShelfWord.objects.filter(word__in=words[at : at + TOGETHER])
        made = (WordShape(word=word, shape=shape) for word in kept for shape in shapes(word.word))
        WordShape.objects.bulk_create(made, TOGETHER, ignore_conflicts=True)


def mended(words: Iterable[str]) -> dict[str, str]:
    """For each word the one that was most likely meant, where there is one."""
    wrong = [word for word in words if is_learnt(word)]
    wanted = {word: asked_shapes(word) for word in wrong}
    shared = WordShape.objects.filter(shape__in=set().union(*wanted.values())).select_related("word")
    near: dict[str, set[ShelfWord]] = {word: set() for word in wrong}
    for row in shared:
        for word in wrong:
            if row.shape in wanted[word]:
                near[word].add(row.word)
    return {word: best for word in wrong if (best := nearest(word, near[word]))}


def asked_shapes(word: str) -> set[str]:
    once = shapes(word)
    if len(sounds(word)) < LONG:
        return once
    return once | {shape[:at] + shape[at + 1 :] for shape in once for at in range(len(shape))}


def nearest(word: str, near: Iterable[ShelfWord]) -> str | None:
    of_one_kind = [one for one in near if is_paired(one.word) == is_paired(word) and one.word != word]
    ranked = sorted((slips(sounds(word), sounds(one.word)), -one.listings, one.word) for one in of_one_kind)
    most = 2 if len(sounds(word)) >= LONG else 1
    return ranked[0][2] if ranked and ranked[0][0] <= most else None


def slips(one: str, other: str) -> int:
    """How many letters were added, left out, mistaken or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one):
        earlier, before, row = before, row, [i + 1]
        for j, meant in enumerate(other):
            steps = [before[j] + (letter != meant), before[j + 1] + 1, row[j] + 1]
            if i and j and letter == other[j - 1] and one[i - 1] == meant:
                steps.append(earlier[j - 1] + 1)
            row.append(min(steps))
    return row[-1]


def apart(word: str) -> str:
    """여름셔츠 as 여름 셔츠, where both are words."""
    halves = [(word[:at], word[at:]) for at in range(2, len(word) - 1)]
    known = set(
        ShelfWord.objects.filter(word__in={half for pair in halves for half in pair}).values_list("word", flat=True)
    )
    return next((" ".join(pair) for pair in halves if known.issuperset(pair)), "")
