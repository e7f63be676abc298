"""Text as the index holds it: Latin words as they are; of Hangul, and of other scripts without spaces, every pair of
letters, so that 의류 is found in 의류이미지."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

PAIRED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
RUN = re.compile(rf"[{PAIRED}]+|[^\W_{PAIRED}]+")
IS_PAIRED = re.compile(rf"[{PAIRED}]+")
LONGEST = 40
MOST_WORDS = 8
MOST_LETTERS = 200
# Before a term that stands in the title too. No word of people holds a colon.
TITLE = "in:"
# One of the words that mean the same to a searcher.
Alternatives = tuple[str, ...]


def folded(text: str) -> str:
    """One spelling of letters that look alike: full and half width, upper and lower case, with and without accents."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
    return unicodedata.normalize("NFC", bare)


def runs(text: str) -> list[str]:
    return [run[:LONGEST] for run in RUN.findall(folded(text))]


def asked(query: str) -> list[str]:
    """The words of a query, each once."""
    return list(dict.fromkeys(runs(query[:MOST_LETTERS])))[:MOST_WORDS]


def indexed(text: str, *, letters: bool = False) -> Iterator[str]:
    """`letters`: single letters of Hangul too, for titles and tags: 옷 is found in 겨울옷."""
    for run in runs(text):
        if not is_paired(run):
            yield run
            continue
        yield from pairs(run)
        if letters or len(run) == 1:
            yield from run


def is_paired(run: str) -> bool:
    return IS_PAIRED.fullmatch(run) is not None


def pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def needed(word: str) -> list[Alternatives]:
    """What an entry must hold for a word to be found in it: one of each."""
    if is_paired(word):
        return [(pair,) for pair in pairs(word)] or [(word,)]
    return [tuple(dict.fromkeys([word, *numbers(word)]))]


def numbers(word: str) -> Iterable[str]:
    """The English singular or plural of a word; a form that does not exist finds nothing and does no harm."""
    if not word.isascii() or len(word) < 3 or not word.isalpha():
        return ()
    if word.endswith("es"):
        return (word[:-1], word[:-2]) if len(word) > 4 else (word[:-1],)
    if word.endswith("s"):
        return (word[:-1], f"{word}es")
    return (f"{word}s", f"{word}es") if word.endswith(("x", "ch", "sh")) else (f"{word}s",)
