"""The editor of a listing: every state, every bad input, two windows, and what can be taken back."""

import pytest
from django.urls import reverse

from generation.models import Dataset
from marketplace.listings import drafts
from marketplace.listings.models import Listing
from marketplace.moderation.decisions import decide

from . import goods

pytestmark = pytest.mark.django_db
OFFER = {"title": "Generated shirts", "description": "Plain.", "tags": "shirt, red", "price": "9900", "currency": "KRW"}


def offer(**changes: object) -> dict[str, object]:
    return OFFER | {"licence": goods.licence().pk} | changes


def editor(listing: Listing) -> str:
    return reverse("listing-edit", args=[listing.public_id])


BAD = [
    *[("title", bad) for bad in ("", "x", "x" * 121, "<script>alert(1)</script>", "nul\0byte", "a\u202egnp.exe")],
    *[("tags", bad) for bad in (",".join("abcdefghijk"), "x" * 31, "<b>", "a\0b")],
    *[("price", bad) for bad in ("-1", "", "abc", "1e3", "1E3", "NaN", "Infinity", "-Infinity", "0x10", "٣٠٠٠")],
    *[("price", bad) for bad in ("99", "100000001", "9" * 30, "9900.5", "9,90", "1,0000", "1.2.3")],
    ("currency", "EUR"),
    ("description", "x" * 10_001),
    ("description", "nul\0byte"),
    ("licence", "999999"),
]


@pytest.mark.parametrize(("field", "bad"), BAD)
def test_bad_input_is_named_at_its_field_and_kept(alice, browser_of, field, bad):
    dataset = goods.dataset_of(alice, 1)
    response = browser_of(alice).post(reverse("listing-new", args=[dataset.public_id]), offer(**{field: bad}))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    assert response.context["form"].data[field] == bad
    assert not Listing.objects.exists()


@pytest.mark.parametrize(
    ("price", "currency", "stored"),
    [("9,900", "KRW", 9_900), ("₩9,900", "KRW", 9_900), ("9900원", "KRW", 9_900), ("12.5", "USD", 1_250),
     ("$1,200.00", "USD", 120_000), ("0", "USD", 0), ("100.00", "KRW", 100), (" 500 ", "KRW", 500)],
)  # fmt: skip
def test_a_price_is_read_as_people_write_it(draft, alice, browser_of, price, currency, stored):
    seen = draft.latest.updated_at.isoformat()
    browser_of(alice).post(editor(draft), offer(price=price, currency=currency, updated_at=seen))
    assert (draft.latest.price, draft.latest.currency) == (stored, currency)


def test_cents_have_two_decimals(draft, alice, browser_of):
    response = browser_of(alice).post(editor(draft), offer(price="1.005", currency="USD"))
    assert "at most 2 decimals" in response.text


def test_both_windows_see_what_differs(draft, alice, browser_of):
    browser, seen = browser_of(alice), draft.latest.updated_at.isoformat()
    browser.post(editor(draft), offer(description="From one.", price="5000", updated_at=seen))
    typed = offer(description="From two.\nLonger.", tags="own", updated_at=seen)
    response = browser.post(editor(draft), typed)
    assert response.status_code == 409
    found = {one.name: (one.saved, one.typed) for one in response.context["differences"]}
    assert found["description"] == ("From one.", "From two.\nLonger.")
    assert found["price"] == ("5,000 KRW", "9,900 KRW")
    assert found["tags"] == ("shirt, red", "own")
    assert "title" not in found
    assert "From two.\nLonger.</textarea>" in response.text
    assert draft.latest.description == "From one."


@pytest.mark.parametrize("seen", ["", "yesterday"])
def test_who_does_not_say_what_was_seen_overwrites_nothing(draft, alice, browser_of, seen):
    assert browser_of(alice).post(editor(draft), offer(title="Sneaky", updated_at=seen)).status_code == 409
    assert draft.latest.title == "Generated shirts"


def test_a_draft_submitted_in_another_window_keeps_what_was_typed(draft, alice, browser_of):
    seen = draft.latest.updated_at.isoformat()
    drafts.submit(draft)
    response = browser_of(alice).post(editor(draft), offer(title="Too late", updated_at=seen))
    assert response.status_code == 422
    assert "This version is in review." in response.text
    assert 'value="Too late"' in response.text


def in_state(name: str, seller, mod) -> Listing:
    listing = goods.published_of(seller) if name in ("on sale", "newer", "suspended") else goods.draft_of(seller)
    if name in ("in review", "approved", "rejected", "withdrawn"):
        drafts.submit(listing)
    if name == "newer":
        drafts.edit(listing, title="Better shirts")
    elif name == "suspended":
        decide(listing.current, mod, "suspend", "rights", "Not yours.")
    elif name == "rejected":
        decide(listing.in_review, mod, "reject", "words", "Say what it shows.")
    elif name == "approved":
        decide(listing.in_review, mod, "approve")
    elif name == "withdrawn":
        drafts.withdraw(listing)
    listing.refresh_from_db()
    return listing


STATES = {
    "draft": ("Draft: only you see it", "Submit for review"),
    "in review": ("In review", "Withdraw it"),
    "approved": ("Approved", "Withdraw it"),
    "rejected": ("Staff asked for changes", "Say what it shows."),
    "on sale": ("On sale", "Withdraw it"),
    "newer": ("Version 2 is a draft; version 1 is on sale", "Discard these changes"),
    "withdrawn": ("Withdrawn: not on sale", "To sell it again"),
    "suspended": ("Suspended: not on sale", "Not yours."),
}


@pytest.mark.parametrize("name", STATES)
def test_each_state_says_what_it_means_and_what_to_do(alice, mod, browser_of, name):
    text = browser_of(alice).get(editor(in_state(name, alice, mod))).text
    for words in STATES[name]:
        assert words in text, words


def test_the_reason_stays_in_sight_while_it_is_answered(alice, mod, browser_of):
    listing = in_state("rejected", alice, mod)
    drafts.edit(listing, title="Shirts, drawn")
    assert "Say what it shows." in browser_of(alice).get(editor(listing)).text


def test_what_is_missing_is_named_before_submitting(alice, api, browser_of):
    listing = goods.draft_of(alice, description="")
    text = browser_of(alice).get(editor(listing)).text
    assert "Before you can submit" in text
    assert reverse("listing-submit", args=[listing.public_id]) not in text
    answer = api(alice).post(f"/api/v1/listings/{listing.public_id}/submit/")
    assert answer.json()["errors"] == {"description": ["Describe what the images show."]}


def test_the_preview_is_the_page_buyers_will_see(published, alice, bob, browser_of):
    drafts.edit(published, title="Better shirts", description="Now <b>bold</b>.")
    preview = browser_of(alice).get(reverse("listing-preview", args=[published.public_id])).text
    public = browser_of(bob).get(published.get_absolute_url()).text
    assert "Better shirts" in preview
    assert "&lt;b&gt;bold&lt;/b&gt;" in preview
    assert "Better shirts" not in public
    assert "Generated shirts" in browser_of(alice).get(published.get_absolute_url()).text


def test_saving_can_lead_to_the_preview(draft, alice, browser_of):
    seen = draft.latest.updated_at.isoformat()
    response = browser_of(alice).post(editor(draft), offer(updated_at=seen, preview="1"))
    assert response.headers["Location"] == reverse("listing-preview", args=[draft.public_id])


def test_a_draft_nobody_saw_is_deleted(draft, alice, browser_of):
    response = browser_of(alice).post(reverse("listing-discard", args=[draft.public_id]))
    assert response.headers["Location"] == reverse("studio-listings")
    assert not Listing.objects.exists()
    assert Dataset.objects.exists()


def test_discarding_a_new_version_leaves_the_one_on_sale(api, alice, published):
    drafts.edit(published, title="Worse shirts")
    client, url = api(alice), f"/api/v1/listings/{published.public_id}/"
    assert client.delete(url).status_code == 204
    assert client.get(url).json()["title"] == "Generated shirts"
    assert client.delete(url).status_code == 409


@pytest.mark.parametrize("name", ["rejected", "withdrawn"])
def test_discarding_the_answer_leads_back(alice, mod, name):
    listing = in_state(name, alice, mod)
    drafts.edit(listing, title="Another try")
    assert listing.state == "draft"
    assert drafts.discard(listing)
    assert (listing.state, listing.latest.number) == (name, 1)


def test_a_dataset_on_offer_says_so(draft, alice, browser_of):
    path = reverse("listing-new", args=[draft.latest.dataset.public_id])
    assert editor(draft) in browser_of(alice).get(path).text
