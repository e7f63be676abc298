import pytest
from django.db import DatabaseError, transaction

from marketplace.listings import drafts, publishing
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.rules import ListingRefused
from marketplace.moderation.decisions import decide

from . import goods

pytestmark = pytest.mark.django_db
URL = "/api/v1/listings/"
State = Listing.State


def asking(dataset) -> dict[str, object]:
    licence = goods.licence()
    return {"dataset": str(dataset.public_id), "title": "Shirts", "licence": str(licence.public_id), "price": 0}


def patch(api, listing, **fields):
    return api(listing.seller).patch(f"{URL}{listing.public_id}/", fields)


def test_a_listing_over_the_api_from_draft_to_review(api, alice):
    dataset = goods.dataset_of(alice, 4)
    asked = {
        "dataset": str(dataset.public_id), "title": "  Generated   shirts ", "description": "Fine.", "price": 5_000,
        "tags": ["Shirt", "shirt", "옷"], "licence": str(goods.licence().public_id), "currency": "KRW",
        "subject": "fashion", "declaration": goods.NOTHING_TO_ASK,
    }  # fmt: skip
    response = api(alice).post(URL, asked)
    assert response.status_code == 201
    made = response.json()
    assert (made["state"], made["title"], made["tags"]) == ("draft", "Generated shirts", ["shirt", "옷"])
    assert (made["subject"], made["declaration"]) == ("fashion", goods.NOTHING_TO_ASK)
    assert made["dataset"]["count"] == 4
    assert made["dataset"]["report"]["copies"]["found"] == 0
    assert made["seller"] == {"id": str(alice.public_id), "name": "Alice"}
    submitted = api(alice).post(f"{URL}{made['id']}/submit/")
    assert submitted.status_code == 202
    assert submitted.json()["state"] == "in_review"
    assert submitted.json()["version_in_review"] == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "a"),
        ("title", ""),
        ("title", "<script>alert(1)</script>"),
        ("title", "nul\0byte"),
        ("title", "turned \u202e round"),
        ("description", "nul\0byte"),
        ("title", "x" * 121),
        ("description", "x" * 10_001),
        ("tags", [str(number) for number in range(11)]),
        ("tags", ["<script>"]),
        ("tags", ["x" * 31]),
        ("price", -1),
        ("price", 99),
        ("price", 100_000_001),
        ("price", 10**30),
        ("price", 9.5),
        ("price", "1e3"),
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", None),
        ("currency", "EUR"),
        ("licence", "0b0f0f0e-0000-4000-8000-000000000000"),
        ("dataset", "not a uuid"),
    ],
)
def test_bad_input_is_named_by_field(api, alice, field, value):
    asked = asking(goods.dataset_of(alice, 2))
    response = api(alice).post(URL, asked | {field: value})
    assert response.status_code == 400
    assert set(response.json()["errors"]) == {field}
    assert not Listing.objects.exists()


@pytest.mark.parametrize(("price", "currency", "fine"), [(49, "USD", False), (50, "USD", True), (0, "USD", True)])
def test_prices_have_bounds_in_their_currency(api, draft, price, currency, fine):
    assert (patch(api, draft, price=price, currency=currency).status_code == 200) is fine


def test_another_currency_needs_another_price(api, draft):
    assert set(patch(api, draft, currency="USD").json()["errors"]) == {"price"}


def test_nobody_sells_what_is_not_theirs(api, alice, bob, mod):
    asked = asking(goods.dataset_of(alice, 2))
    assert api(bob).post(URL, asked).status_code == 404
    assert set(api(mod).post(URL, asked).json()["errors"]) == {"dataset"}


def test_without_a_declaration_of_rights_nothing_is_sold(alice):
    dataset = goods.dataset_of(alice, 2)
    type(dataset.generator.source_set).objects.update(declared_at=None)
    dataset.refresh_from_db()
    with pytest.raises(ListingRefused, match="rights"):
        goods.draft_of(alice, dataset)


def test_an_unsealed_draft_is_edited_in_place(api, draft):
    assert patch(api, draft, title="Better shirts", tags=[]).json()["version"] == 1
    assert ListingVersion.objects.get().title == "Better shirts"


def test_what_is_in_review_is_not_edited(api, submitted):
    response = patch(api, submitted, title="Sneaky")
    assert response.status_code == 400
    assert "in review" in response.json()["detail"]


def test_a_rejected_listing_is_edited_as_a_new_version(api, submitted, mod):
    decide(submitted.in_review, mod, "reject", "words", "Say what it shows.")
    submitted.refresh_from_db()
    assert submitted.state == State.REJECTED
    answer = patch(api, submitted, title="Shirts, drawn").json()
    assert (answer["version"], answer["state"]) == (2, "draft")
    assert submitted.versions.get(number=1).title == "Generated shirts"


def test_a_published_listing_stays_on_sale_while_its_next_version_is_made(api, published, bob, mod):
    patch(api, published, title="Better shirts", changes="Better.")
    assert api(bob).get(f"{URL}{published.public_id}/").json()["title"] == "Generated shirts"
    assert api(published.seller).post(f"{URL}{published.public_id}/submit/").status_code == 202
    seen = api(bob).get(f"{URL}{published.public_id}/").json()
    assert (seen["state"], seen["version"], seen["version_in_review"]) == ("published", 1, 2)
    first_shown = Listing.objects.get().published_at
    decide(Listing.objects.get().in_review, mod, "approve")
    assert publishing.publish(Listing.objects.get().in_review_id)
    assert api(bob).get(f"{URL}{published.public_id}/").json()["title"] == "Better shirts"
    assert Listing.objects.get().published_at == first_shown


def test_a_rejected_second_version_leaves_the_first_on_sale(api, published, mod):
    patch(api, published, title="Worse shirts", changes="Worse.")
    drafts.submit(published)
    decide(published.in_review, mod, "reject", "words", "No.")
    published.refresh_from_db()
    assert (published.state, published.current.number, published.in_review) == (State.PUBLISHED, 1, None)


def test_two_windows_do_not_overwrite_each_other(api, draft):
    seen = api(draft.seller).get(f"{URL}{draft.public_id}/").json()["updated_at"]
    assert patch(api, draft, title="From window one", updated_at=seen).status_code == 200
    response = patch(api, draft, title="From window two", updated_at=seen)
    assert response.status_code == 409
    told = response.json()
    assert (told["code"], told["differing"]) == ("stale", ["title"])
    assert told["current"]["title"] == "From window one"
    assert "changed elsewhere" in told["detail"]
    assert patch(api, draft, title="Both", updated_at=told["current"]["updated_at"]).status_code == 200
    assert draft.latest.title == "Both"


def test_a_change_between_reading_and_writing_is_noticed(draft):
    latest = draft.latest
    drafts.edit(draft, title="First")
    with pytest.raises(ListingRefused, match="changed elsewhere"):
        drafts.change(latest, {"title": "Second"})


def test_submitting_twice_is_one_review(api, draft):
    client = api(draft.seller)
    assert client.post(f"{URL}{draft.public_id}/submit/").status_code == 202
    assert client.post(f"{URL}{draft.public_id}/submit/").status_code == 400


def test_withdrawing_takes_it_out_of_review_and_editing_begins_again(api, submitted):
    client = api(submitted.seller)
    assert client.post(f"{URL}{submitted.public_id}/withdraw/").json()["state"] == "withdrawn"
    assert client.post(f"{URL}{submitted.public_id}/withdraw/").status_code == 409
    assert patch(api, submitted, price=1_000).json()["state"] == "draft"
    assert client.post(f"{URL}{submitted.public_id}/submit/").status_code == 202


def test_what_was_withdrawn_is_not_published(submitted):
    version = submitted.in_review
    assert publishing.approve(version)
    drafts.withdraw(submitted)
    assert not publishing.publish(version.pk)
    submitted.refresh_from_db()
    assert submitted.state == State.WITHDRAWN


def test_publishing_twice_is_once(submitted):
    version = submitted.in_review
    assert publishing.approve(version)
    assert not publishing.approve(version)
    assert publishing.publish(version.pk)
    assert not publishing.publish(version.pk)
    assert version.tails.count() == 1


@pytest.mark.parametrize("change", [{"title": "x"}, {"price": 1}, {"sealed_at": None}])
def test_the_database_refuses_to_change_a_sealed_version(submitted, change):
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        ListingVersion.objects.filter(pk=submitted.in_review_id).update(**change)


def test_the_database_refuses_to_delete_a_sealed_version(submitted):
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        ListingVersion.objects.filter(pk=submitted.in_review_id)._raw_delete("default")


def test_the_licence_is_frozen_by_its_hash(submitted):
    assert submitted.in_review.licence_sha256 == submitted.in_review.licence.text_sha256


def test_licences_are_public_and_in_the_readers_language(client):
    english = client.get("/api/v1/licences/", headers={"Accept-Language": "en"}).json()
    korean = client.get("/api/v1/licences/", headers={"Accept-Language": "ko"}).json()
    assert {one["code"] for one in english} >= {"personal-research", "commercial-single", "commercial-extended"}
    assert english[0]["title"] != korean[0]["title"]
    assert all(one["text"] and one["summary"] for one in english + korean)
