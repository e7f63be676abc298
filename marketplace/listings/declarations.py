"""What a seller declares about the rights in each version that is offered. Sealed with the version.

The questions of a text version never change: whoever wants other words adds a version, and old answers keep theirs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from generation.models import Dataset

from .models import ListingVersion
from .rules import ListingRefused

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

VERSION = "2026-11"


@dataclass(frozen=True)
class Answer:
    code: str
    text: "StrPromise"
    # What staff will ask before they approve; empty where nothing is asked.
    asked: "StrPromise | str" = ""


@dataclass(frozen=True)
class Question:
    name: str
    text: "StrPromise"
    answers: tuple[Answer, ...]

    def answer(self, code: str | None) -> Answer | None:
        return next((one for one in self.answers if one.code == code), None)


PEOPLE = Question(
    "people",
    gettext_lazy("Can people be recognised in the images?"),
    (
        Answer("none", gettext_lazy("No: they show nobody, or nothing by which anybody could be known")),
        Answer(
            "invented",
            gettext_lazy("Only people who do not exist"),
            gettext_lazy("Where the faces come from, and whether any is close to one in the source images."),
        ),
        Answer(
            "real",
            gettext_lazy("Yes, real people"),
            gettext_lazy("The signed release of each person who can be recognised."),
        ),
    ),
)
MINORS = Question(
    "minors",
    gettext_lazy("Is anybody in them younger than 18, or looks so?"),
    (
        Answer("none", gettext_lazy("No")),
        Answer(
            "invented",
            gettext_lazy("Only children who do not exist"),
            gettext_lazy("What the children are shown for; every picture of the sample is looked at."),
        ),
        Answer(
            "real",
            gettext_lazy("Yes, real children"),
            gettext_lazy("The release signed by a parent of each child."),
        ),
    ),
)
THIRD_PARTY = Question(
    "third_party",
    gettext_lazy("Is work of others in them, such as logos, brands, characters, works of art or designs?"),
    (
        Answer("none", gettext_lazy("No")),
        Answer(
            "permitted",
            gettext_lazy("Yes, with permission in writing"),
            gettext_lazy("The permission: from whom, for what, and that it covers selling."),
        ),
        Answer(
            "unclear",
            gettext_lazy("Yes or perhaps, without permission in writing"),
            gettext_lazy("What it is and whose. Without a right to it the listing is rejected."),
        ),
    ),
)
RELEASES = Question(
    "releases",
    gettext_lazy("Do you hold signed releases of the people and owners concerned?"),
    (
        Answer("unneeded", gettext_lazy("None is needed")),
        Answer("all", gettext_lazy("Yes, of everyone")),
        Answer(
            "some",
            gettext_lazy("Of some, not of all"),
            gettext_lazy("Whose release is missing. What it concerns has to come out first."),
        ),
    ),
)
WORDINGS = {VERSION: (PEOPLE, MINORS, THIRD_PARTY, RELEASES)}
QUESTIONS = WORDINGS[VERSION]


def clean(given: dict[str, Any]) -> dict[str, str]:  # Any: JSON of a request
    """The answers given so far; a draft may lack some."""
    answers = {}
    for question in QUESTIONS:
        code = given.get(question.name) or ""
        if code and question.answer(code) is None:
            choices = ", ".join(one.code for one in question.answers)
            raise ListingRefused(field(question), _("Choose one of these answers: %(choices)s.") % {"choices": choices})
        if code:
            answers[question.name] = str(code)
    return answers


def field(question: Question) -> str:
    return f"declaration.{question.name}"


def check(answers: dict[str, str], dataset: Dataset) -> None:
    for question, message in contradictions(answers, dataset):
        raise ListingRefused(field(question), message)


def contradictions(answers: dict[str, str], dataset: Dataset) -> list[tuple[Question, str]]:
    """Where one answer says what another denies. Unanswered questions contradict nothing."""
    people, minors = answers.get("people"), answers.get("minors")
    third_party, releases = answers.get("third_party"), answers.get("releases")
    uploaded = dataset.generator.source_set.declaration
    found = []
    if people == "real" and uploaded.get("no_recognisable_people"):
        found.append((PEOPLE, _(
            "When you uploaded the source images you declared that no one can be recognised in them. If that is wrong,"
            " remove those images and make the dataset anew: one that shows real people can't be sold."
        )))  # fmt: skip
    if people == "none" and minors in ("invented", "real"):
        found.append((MINORS, _("You answered that nobody can be recognised, and that children are shown.")))
    if people == "invented" and minors == "real":
        found.append((MINORS, _("You answered that only invented people are shown, and that real children are.")))
    if releases == "unneeded" and "real" in (people, minors):
        found.append((RELEASES, _("Real people can be recognised, so a release of each is needed.")))
    if releases == "unneeded" and third_party == "permitted":
        found.append((RELEASES, _("You hold a permission for work of others, so a release is needed: say of whom.")))
    if releases == "all" and third_party == "unclear":
        found.append((RELEASES, _("You hold every release, yet no permission for work of others: one can't be right.")))
    return found


def unanswered(version: ListingVersion) -> list[Question]:
    """All of them where the questions changed since."""
    answers = version.declaration if version.declaration_version == VERSION else {}
    return [question for question in QUESTIONS if question.answer(answers.get(question.name)) is None]


def given(version: ListingVersion) -> list[tuple[Question, Answer]]:
    """Each question and its answer, in the words that the seller saw."""
    asked = WORDINGS.get(version.declaration_version, ())
    pairs = [(question, question.answer(version.declaration.get(question.name))) for question in asked]
    return [(question, answer) for question, answer in pairs if answer is not None]


def answers(version: ListingVersion) -> list[tuple[str, str, bool]]:
    """(question, answer, whether staff ask further), in the reader's language."""
    return [(str(question.text), str(answer.text), bool(answer.asked)) for question, answer in given(version)]


def staff_ask(version: ListingVersion) -> list[str]:
    return [str(answer.asked) for _question, answer in given(version) if answer.asked]
