import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from generation.models import GenerationJob, SourceSet
from marketplace.accounts import idempotency
from marketplace.accounts.models import ApiToken, IdempotentRequest
from marketplace.listings.models import Listing
from marketplace.purchases.models import Purchase

from . import goods

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "k-1"}


@pytest.fixture
def asked(alice):
    dataset = goods.dataset_of(alice, 4)
    return {"dataset": str(dataset.public_id), "title": "Shirts", "licence": str(goods.licence().public_id), "price": 0}


def test_a_repeated_call_gets_the_same_answer_and_does_nothing(api, alice, asked):
    client = api(alice)
    first, second = (client.post("/api/v1/listings/", asked, headers=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Location"] == first["Location"]
    assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert Listing.objects.count() == 1


def test_the_same_key_with_another_body_is_a_conflict(api, alice, asked):
    client = api(alice)
    client.post("/api/v1/listings/", asked, headers=KEY)
    response = client.post("/api/v1/listings/", asked | {"title": "Trousers"}, headers=KEY)
    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "idempotency_key_reused"
    assert Listing.objects.count() == 1


def test_keys_of_two_people_are_two_keys(api, bob, charlie, published):
    asked = {"listing": str(published.public_id), "licence_accepted": True}
    assert [api(user).post("/api/v1/purchases/", asked, headers=KEY).status_code for user in (bob, charlie)] == [
        201,
        201,
    ]
    assert Purchase.objects.count() == 2


def creating_calls(world) -> dict[str, tuple]:
    """Every call that makes something: by whom, where, with what, and what it makes."""
    alice, bob, dataset, published = world
    declared = {"owns_rights": True, "no_recognisable_people": True}
    return {
        "source set": (alice, "/api/v1/source-sets/", {"name": "Shirts", "declaration": declared}, SourceSet),
        "job": (
            alice,
            "/api/v1/jobs/",
            {"source_set": str(dataset.job.source_set.public_id), "count": 64, "preset": "quick"},
            GenerationJob,
        ),
        "listing": (
            alice,
            "/api/v1/listings/",
            {
                "dataset": str(dataset.public_id),
                "title": "Shirts",
                "licence": str(goods.licence().public_id),
                "price": 0,
            },
            Listing,
        ),
        "purchase": (
            bob,
            "/api/v1/purchases/",
            {"listing": str(published.public_id), "licence_accepted": True},
            Purchase,
        ),
    }


@pytest.fixture
def world(alice, bob, published):
    dataset = goods.dataset_of(alice, 80)
    SourceSet.objects.update(usable_count=100)
    return alice, bob, dataset, published


CREATING = ["source set", "job", "listing", "purchase"]


@pytest.mark.parametrize("what", CREATING)
def test_every_creating_call_has_its_effect_once(api, world, what):
    user, path, body, model = creating_calls(world)[what]
    before, client = model.objects.count(), api(user)
    answers = [client.post(path, body, headers=KEY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201], answers[0].content
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert model.objects.count() == before + 1


@pytest.mark.parametrize("what", CREATING)
def test_every_creating_call_refuses_a_key_with_another_body(api, world, what):
    user, path, body, model = creating_calls(world)[what]
    client = api(user)
    client.post(path, body, headers=KEY)
    count = model.objects.count()
    response = client.post(path, body | {"also": "this"}, headers=KEY)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert model.objects.count() == count


def test_one_key_for_two_addresses_is_a_conflict_too(api, alice, asked):
    client = api(alice)
    client.post("/api/v1/listings/", asked, headers=KEY)
    assert client.post("/api/v1/source-sets/", asked, headers=KEY).json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    "key", ["k" * 201, "k" * 20_000, "a b/ü", "\x01\x7f", "null\x00byte", "<script>", "' OR 1=1 --"]
)
def test_a_strange_key_is_a_key(api, alice, asked, key):
    client = api(alice)
    answers = [client.post("/api/v1/listings/", asked, headers={"Idempotency-Key": key}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1]["Idempotency-Replayed"] == "true"
    row = IdempotentRequest.objects.get()
    assert len(row.key) <= 200
    assert row.key.isprintable()


def test_long_keys_that_begin_alike_are_different_keys(api, alice, asked):
    client = api(alice)
    for end in "ab":
        response = client.post("/api/v1/listings/", asked, headers={"Idempotency-Key": "k" * 300 + end})
        assert "Idempotency-Replayed" not in response
    assert Listing.objects.count() == 2


def test_an_empty_key_is_no_key(api, alice, asked):
    client = api(alice)
    for _ in range(2):
        client.post("/api/v1/listings/", asked, headers={"Idempotency-Key": ""})
    assert Listing.objects.count() == 2


def test_after_a_breakdown_nothing_is_remembered(api, alice, asked, monkeypatch):
    client = api(alice)
    client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("marketplace.listings.drafts.create", lambda *args, **kwargs: 1 / 0)
        response = client.post("/api/v1/listings/", asked, headers=KEY)
    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert not IdempotentRequest.objects.exists()
    assert client.post("/api/v1/listings/", asked, headers=KEY).status_code == 201


def test_it_works_in_a_browser_session_too(browser_of, alice, asked):
    client = browser_of(alice)
    answers = [
        client.post("/api/v1/listings/", json.dumps(asked), content_type="application/json", headers=KEY)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Listing.objects.count() == 1


def test_a_refused_call_may_be_mended_and_sent_again(api, alice, asked):
    client = api(alice)
    assert client.post("/api/v1/listings/", asked | {"title": ""}, headers=KEY).status_code == 400
    assert client.post("/api/v1/listings/", asked, headers=KEY).status_code == 201


def test_a_call_still_being_worked_on_asks_for_patience(api, alice, asked, rf):
    body = json.dumps(asked)
    request = rf.post("/api/v1/listings/", body, content_type="application/json")
    assert idempotency.claim(alice, "k-1", idempotency.fingerprint(request))
    send = lambda: api(alice).post("/api/v1/listings/", body, content_type="application/json", headers=KEY)  # noqa: E731
    response = send()
    assert response.status_code == 409
    assert response.json()["code"] == "idempotency_key_busy"
    assert response["Retry-After"] == "1"
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    assert send().status_code == 201


def test_only_one_of_two_claims_wins(alice):
    assert idempotency.claim(alice, "k", "a" * 64)
    assert idempotency.claim(alice, "k", "a" * 64) is None


def test_a_key_is_forgotten_after_a_day(api, alice, asked):
    client = api(alice)
    client.post("/api/v1/listings/", asked, headers=KEY)
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Idempotency-Replayed" not in client.post("/api/v1/listings/", asked, headers=KEY)
    assert Listing.objects.count() == 2


def test_old_answers_are_forgotten_by_a_command(alice, bob):
    for user in (alice, bob):
        idempotency.claim(user, "k", "a" * 64)
    IdempotentRequest.objects.filter(user=alice).update(created_at=timezone.now() - timedelta(hours=25), status=201)
    call_command("forget_idempotency_keys")
    assert IdempotentRequest.objects.get().user == bob


def test_the_text_of_a_token_is_not_kept(api, alice):
    asked = {"name": "x", "scopes": ["read"]}
    client = api(alice)
    texts = {client.post("/api/v1/tokens/", asked, headers=KEY).json()["token"] for _ in range(2)}
    assert len(texts) == 2
    assert not IdempotentRequest.objects.exists()


def test_nothing_is_kept_for_strangers_bad_tokens_and_revoked_ones(api, alice, asked):
    client = api(alice)
    client.post("/api/v1/listings/", asked, headers=KEY)
    ApiToken.objects.update(revoked_at=timezone.now())
    assert client.post("/api/v1/listings/", asked, headers=KEY).status_code == 401
    assert IdempotentRequest.objects.count() == 1


def test_a_large_body_is_left_alone(api, alice, asked):
    client = api(alice)
    for _ in range(2):
        client.post("/api/v1/listings/", asked | {"description": "x" * (idempotency.MAX_BODY + 1)}, headers=KEY)
    assert not IdempotentRequest.objects.exists()
