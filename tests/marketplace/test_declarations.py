"""The declaration of rights of each version: asked, judged, sealed, and told in the words that were read."""

import hashlib

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import translation

from marketplace.listings import declarations, drafts, readiness
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.rules import ListingRefused

from . import goods

pytestmark = pytest.mark.django_db
NOTHING = goods.NOTHING_TO_ASK
# A change of any word needs a new version of the text, so that what was declared keeps its meaning.
FINGERPRINTS = {"2026-11": "d3f5ac2a0de06db8"}


def fingerprint(version: str) -> str:
    with translation.override(None):
        lines = [
            f"{question.name}={question.text}|{answer.code}={answer.text}"
            for question in declarations.WORDINGS[version]
            for answer in question.answers
        ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@pytest.mark.parametrize("version", declarations.WORDINGS)
def test_the_words_of_a_version_stay(version):
    assert fingerprint(version) == FINGERPRINTS[version]


@pytest.mark.parametrize(
    ("answers", "name", "words"),
    [
        ({"people": "none", "minors": "real"}, "minors", "children are shown"),
        ({"people": "none", "minors": "invented"}, "minors", "nobody can be recognised"),
        ({"people": "invented", "minors": "real"}, "minors", "only invented people"),
        ({"minors": "real", "releases": "unneeded"}, "releases", "a release of each"),
        ({"third_party": "permitted", "releases": "unneeded"}, "releases", "work of others"),
        ({"third_party": "unclear", "releases": "all"}, "releases", "one can't be right"),
        ({"people": "real"}, "people", "When you uploaded"),
        ({"people": "maybe"}, "people", "Choose one of these answers: none, invented, real."),
    ],
)
def test_a_contradiction_is_refused_with_a_sentence(draft, answers, name, words):
    with pytest.raises(ListingRefused, match=words) as refused:
        drafts.edit(draft, declaration=answers)
    assert refused.value.field == f"declaration.{name}"
    assert draft.latest.declaration == NOTHING


def test_people_may_be_real_where_the_sources_do_not_deny_it(draft):
    source_set = draft.latest.dataset.generator.source_set
    type(source_set).objects.update(declaration={"owns_rights": True})
    drafts.edit(draft, declaration=NOTHING | {"people": "real", "releases": "all"})
    assert "The signed release of each person who can be recognised." in declarations.staff_ask(draft.latest)


def test_every_question_is_answered_before_submitting(alice):
    listing = goods.draft_of(alice, declaration={"people": "none"})
    assert [one.name for one in declarations.unanswered(listing.latest)] == ["minors", "third_party", "releases"]
    with pytest.raises(ListingRefused, match="questions about rights") as refused:
        drafts.submit(listing)
    assert refused.value.field == "declaration.minors"


def test_other_questions_are_answered_anew(draft):
    ListingVersion.objects.update(declaration_version="2025-01")
    assert len(declarations.unanswered(draft.latest)) == len(declarations.QUESTIONS)
    with pytest.raises(ListingRefused):
        drafts.submit(draft)


def test_the_declaration_is_sealed_with_its_version(submitted):
    version = submitted.in_review
    assert (version.declaration, version.declaration_version) == (NOTHING, declarations.VERSION)
    with pytest.raises(DatabaseError), transaction.atomic():
        ListingVersion.objects.filter(pk=version.pk).update(declaration={})


def test_staff_and_seller_read_the_same_answers_and_what_will_be_asked(alice):
    risky = NOTHING | {"people": "invented", "third_party": "unclear", "releases": "some"}
    version = goods.draft_of(alice, declaration=risky).latest
    told = declarations.answers(version)
    assert told[0] == ("Can people be recognised in the images?", "Only people who do not exist", True)
    assert [is_risky for _question, _answer, is_risky in told] == [True, False, True, True]
    asked = [check.text for check in readiness.checks(version) if check.name == "Declaration of rights"]
    assert len(asked) == 3
    assert all(text.startswith("Staff will ask: ") for text in asked)


def test_other_images_are_declared_anew(alice, draft):
    before = draft.latest.sample_seed
    drafts.edit(draft, dataset=goods.dataset_of(alice, 4))
    assert draft.latest.declaration == {}
    assert draft.latest.sample_seed != before


def test_the_form_says_a_contradiction_at_its_question_and_keeps_the_rest(alice, browser_of):
    path = reverse("listing-new", args=[goods.dataset_of(alice, 2).public_id])
    offer = {"title": "Coats", "price": "0", "currency": "KRW", "licence": goods.licence().pk}
    response = browser_of(alice).post(path, offer | NOTHING | {"minors": "real"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"minors"}
    assert response.context["form"]["third_party"].value() == "none"
    assert not Listing.objects.exists()


def test_the_api_takes_and_gives_the_declaration(api, alice, draft):
    url = f"/api/v1/listings/{draft.public_id}/"
    answer = api(alice).patch(url, {"declaration": {"people": "none", "minors": "real"}})
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"declaration.minors"}
    taken = api(alice).patch(url, {"declaration": NOTHING | {"releases": "all"}}).json()
    assert (taken["declaration"]["releases"], taken["declaration_version"]) == ("all", declarations.VERSION)
