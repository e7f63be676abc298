"""Whatever address names a private thing answers a stranger as if there were nothing, by every method. The addresses
come from the URL configuration, so that a new one is asked too."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from generation.models import SourceSet
from marketplace.accounts.models import ApiToken

from . import goods

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")
# Asked of everybody alike: a published licence, and what the framework answers for itself.
PUBLIC = {"licence-text"}


def named(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    """Every address of our own that names something by its public id."""
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += [] if pattern.namespace else named(pattern.url_patterns)
        elif "public_id" in pattern.pattern.converters:
            found.append(pattern)
    return found


ADDRESSES = {
    str(pattern.name): pattern.pattern.converters
    for pattern in named(get_resolver().url_patterns)
    if pattern.name not in PUBLIC
}


@pytest.fixture
def private(alice, bob):
    """One of each of Alice's things that nobody else has seen; the purchase is Bob's."""
    dataset = goods.dataset_of(alice, 5)
    draft = goods.draft_of(alice, dataset)
    upload = dataset.job.source_set.uploads.create(file_name="a.zip", size=1, part_size=1)
    return {
        "source": dataset.job.source_set.public_id,
        "upload": upload.public_id,
        "job": dataset.job.public_id,
        "dataset": dataset.public_id,
        "generator": dataset.generator.public_id,
        "listing": draft.public_id,
        "purchase": goods.bought(bob, goods.published_of(alice)).public_id,
        "token": ApiToken.issue(alice, "notebook", ["read"])[0].public_id,
    }


def arguments(converters, public_id) -> dict[str, object]:
    numbers = {name: 1 for name, converter in converters.items() if type(converter).__name__ == "IntConverter"}
    uuids = {name: public_id for name, converter in converters.items() if type(converter).__name__ == "UUIDConverter"}
    return numbers | uuids


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_a_stranger_finds_nothing(name, private, charlie, browser_of):
    browser = browser_of(charlie)
    for kind, public_id in private.items():
        path = reverse(name, kwargs=arguments(ADDRESSES[name], public_id))
        answers = {method: getattr(browser, method)(path).status_code for method in METHODS}
        assert set(answers.values()) <= {403, 404, 405}, (kind, path, answers)
        # 403 is only for what nobody but staff may ask at all.
        assert 403 not in answers.values() or name == "api-decisions", (kind, path, answers)


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_nobody_changes_or_reads_anything(name, private, client):
    before = SourceSet.objects.count(), ApiToken.objects.usable().count()
    for kind, public_id in private.items():
        path = reverse(name, kwargs=arguments(ADDRESSES[name], public_id))
        for method in METHODS:
            answer = getattr(client, method)(path)
            to_sign_in = answer.status_code == 302 and "/accounts/login/" in answer["Location"]
            assert to_sign_in or answer.status_code in (401, 403, 404, 405), (kind, method, path, answer.status_code)
    assert (SourceSet.objects.count(), ApiToken.objects.usable().count()) == before


def test_the_table_is_not_empty():
    assert {"listing", "listing-preview", "purchase", "receipt", "api-purchase-bundle", "dataset"} <= set(ADDRESSES)
