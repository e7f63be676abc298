"""The editor of a listing: every state, every bad input, two windows, and what can be taken back."""

import pytest
from django.db.models import ProtectedError
from django.urls import reverse

from generation import removal
from generation.models import Dataset
from marketplace.listings import drafts, readiness
from marketplace.listings.forms import ListingForm
from marketplace.listings.models import Listing
from marketplace.moderation.decisions import decide

from . import goods

pytestmark = pytest.mark.django_db
OFFER = goods.NOTHING_TO_ASK | {
    "title": "Generated shirts", "description": "Plain.", "tags": "shirt, red", "price": "9900", "currency": "KRW",
}  # fmt: skip


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
    assert found["price"] == ("₩5,000", "₩9,900")
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
    published = name in ("on sale", "newer", "next in review", "taken back", "suspended")
    listing = goods.published_of(seller) if published else goods.draft_of(seller)
    if name in ("in review", "approved", "rejected", "withdrawn"):
        drafts.submit(listing)
    if name in ("newer", "next in review", "taken back"):
        drafts.edit(listing, title="Better shirts", changes="A better title.")
    if name in ("next in review", "taken back"):
        drafts.submit(listing)
    if name == "taken back":
        drafts.recall(listing)
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
    "next in review": ("In review", "Take version 2 back"),
    "taken back": ("Version 2 was taken back; version 1 is on sale", "Better shirts"),
    "withdrawn": ("Withdrawn: not on sale", "To sell it again"),
    "suspended": ("Suspended: not on sale", "Not yours."),
}


@pytest.mark.parametrize("name", STATES)
def test_each_state_says_what_it_means_and_what_to_do(alice, mod, browser_of, name):
    text = browser_of(alice).get(editor(in_state(name, alice, mod))).text
    for words in STATES[name]:
        assert words in text, words


@pytest.mark.parametrize(
    ("name", "words"), [("next in review", "version 2 in review"), ("newer", "version 2 is a draft")]
)
def test_the_list_says_what_becomes_of_the_next_version(alice, bob, mod, browser_of, name, words):
    listing = in_state(name, alice, mod)
    goods.bought(bob, listing)
    page = browser_of(alice).get(reverse("studio-listings")).text
    assert words in page
    assert 'data-label="Sold">1</td>' in page


def test_the_next_version_is_taken_back_and_the_one_before_stays_on_sale(alice, mod, browser_of):
    listing = in_state("next in review", alice, mod)
    page = browser_of(alice).post(reverse("listing-recall", args=[listing.public_id]), follow=True)
    assert "Taken back." in page.text
    listing.refresh_from_db()
    assert (listing.state, listing.in_review, listing.current.number) == ("published", None, 1)
    version = drafts.edit(listing, title="Much better shirts")
    assert (version.number, version.sealed_at, version.changes) == (3, None, "A better title.")
    assert drafts.submit(listing)


@pytest.mark.parametrize("name", ["draft", "in review", "approved", "on sale", "newer", "suspended"])
def test_what_does_not_wait_as_a_next_version_is_not_taken_back(alice, mod, browser_of, name):
    listing = in_state(name, alice, mod)
    before = (listing.state, listing.in_review_id, listing.current_id)
    page = browser_of(alice).post(reverse("listing-recall", args=[listing.public_id]), follow=True)
    assert "No version waits for a decision." in page.text
    listing.refresh_from_db()
    assert (listing.state, listing.in_review_id, listing.current_id) == before


def test_what_is_sealed_is_read_as_buyers_will(alice, browser_of):
    listing = goods.submitted_of(alice, description="**Bold** shirts.")
    page = browser_of(alice).get(editor(listing)).text
    assert "<strong>Bold</strong> shirts." in page
    assert "Can people be recognised in the images?" in page
    assert "Declared in the wording of 2026-11" in page


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


def test_a_description_is_looked_at_without_scripts_and_without_saving(draft, alice, browser_of):
    typed = offer(title="x", description="**Warm** coats", updated_at=draft.latest.updated_at.isoformat(), look="1")
    response = browser_of(alice).post(editor(draft), typed)
    assert response.status_code == 200
    assert "<strong>Warm</strong> coats" in response.text
    assert "**Warm** coats</textarea>" in response.text
    assert not response.context["form"].errors
    assert draft.latest.description == "Plain."


def test_a_new_listing_is_looked_at_before_there_is_one(alice, browser_of):
    path = reverse("listing-new", args=[goods.dataset_of(alice, 1).public_id])
    response = browser_of(alice).post(path, offer(description="- one", price="", look="1"))
    assert "<li>one</li>" in response.text
    assert not Listing.objects.exists()


def test_the_description_is_shown_while_it_is_written(alice, browser_of, client):
    path = reverse("markdown-preview")
    response = browser_of(alice).post(path, {"description": "# Coats <script>"})
    assert "<h3>Coats &lt;script&gt;</h3>" in response.text
    assert "role=" not in browser_of(alice).post(path).text
    assert browser_of(alice).get(path).status_code == 405
    assert client.post(path, {"description": "x"}).status_code == 302


def test_saving_and_submitting_are_one_step(alice, browser_of):
    path = reverse("listing-new", args=[goods.dataset_of(alice, 2).public_id])
    browser_of(alice).post(path, offer(submit="1", subject="fashion"))
    listing = Listing.objects.get()
    assert (listing.state, listing.latest.subject) == ("in_review", "fashion")


def test_what_cannot_be_submitted_yet_is_saved_and_told(alice, browser_of):
    path = reverse("listing-new", args=[goods.dataset_of(alice, 2).public_id])
    response = browser_of(alice).post(path, offer(submit="1", releases=""), follow=True)
    assert Listing.objects.get().state == "draft"
    assert "Saved, not submitted yet. Answer the questions about rights." in response.text
    assert 'href="#id_releases_0"' in response.text


def test_free_needs_no_price(alice, browser_of):
    path = reverse("listing-new", args=[goods.dataset_of(alice, 2).public_id])
    browser_of(alice).post(path, offer(free="on", price="rubbish"))
    assert Listing.objects.get().latest.price == 0


def test_the_price_says_that_vat_is_included(draft, alice, browser_of):
    assert "Price, VAT included" in browser_of(alice).get(editor(draft)).text


def test_buyers_are_told_what_is_new(published, alice, browser_of):
    browser, seen = browser_of(alice), published.latest.updated_at.isoformat()
    assert 'name="changes"' in browser.get(editor(published)).text
    browser.post(editor(published), offer(title="Better shirts", updated_at=seen))
    with pytest.raises(drafts.ListingRefused, match="Say what is new"):
        drafts.submit(published)
    drafts.edit(published, changes="Sharper seams.")
    assert drafts.submit(published)
    assert published.in_review.changes == "Sharper seams."


def test_saving_what_is_on_sale_as_it_is_makes_no_version(published, alice, browser_of):
    values = ListingForm.values(published.current)
    sent = {name: value for name, value in values.items() if name not in ("free", "changes") and value is not None}
    page = browser_of(alice).post(editor(published), sent | {"submit": "1"}, follow=True)
    assert "There is nothing new to submit" in page.text
    assert published.versions.count() == 1
    browser_of(alice).post(editor(published), sent | {"price": "5000"})
    assert (published.latest.number, published.latest.price) == (2, 5_000)


def test_a_price_alone_is_nothing_new(published):
    drafts.edit(published, price=5_000)
    assert drafts.submit(published)


def test_a_version_may_have_other_images_and_the_buyer_keeps_theirs(purchase, alice, browser_of):
    listing, other = purchase.version.listing, goods.dataset_of(alice, 6)
    browser, seen = browser_of(alice), listing.latest.updated_at.isoformat()
    changed = offer(dataset=other.pk, changes="More coats.", updated_at=seen, submit="1")
    browser.post(editor(listing), changed)
    listing.refresh_from_db()
    goods.published(listing)
    purchase.refresh_from_db()
    assert (listing.current.number, listing.current.dataset) == (2, other)
    assert purchase.version.number == 1
    assert purchase.version.dataset != other


def test_what_was_sold_outlives_its_listing(purchase, alice, bob, browser_of):
    version = purchase.version
    assert drafts.withdraw(version.listing)
    assert not drafts.discard(version.listing)
    with pytest.raises(removal.DatasetKept):
        removal.delete(version.dataset)
    with pytest.raises(ProtectedError):
        version.listing.delete()
    assert browser_of(bob).get(reverse("purchase-bundle", args=[purchase.public_id, 1])).status_code == 200


def test_a_refined_dataset_is_offered_as_the_next_version(published, alice, browser_of):
    refined = goods.refined_of(published.current.dataset, {1, 3})
    page = browser_of(alice).get(refined.get_absolute_url()).content.decode()
    address = f"{editor(published)}?dataset={refined.public_id}"
    assert address in page
    form = browser_of(alice).get(address).context["form"]
    assert form["dataset"].value() == refined.pk
    assert form["title"].value() == published.current.title
    assert not form["people"].value()


@pytest.mark.parametrize("dataset", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_a_dataset_that_is_not_there_changes_nothing_in_the_editor(published, alice, bob, browser_of, dataset):
    goods.dataset_of(alice, 1)
    wanted = dataset or goods.dataset_of(bob, 1).public_id
    form = browser_of(alice).get(f"{editor(published)}?dataset={wanted}").context["form"]
    assert form["dataset"].value() == published.current.dataset_id
    assert form["people"].value()


def test_whoever_offers_a_refined_dataset_beside_the_one_it_comes_from_is_told(published, alice):
    refined = goods.refined_of(published.current.dataset, {1, 3})
    checks = {check.name: check for check in readiness.checks(goods.draft_of(alice, refined).latest)}
    assert (checks["Offered elsewhere"].fine, checks["Offered elsewhere"].text[:15]) == (False, "1 other listing")
    drafts.withdraw(published)
    assert "Offered elsewhere" not in {check.name for check in readiness.checks(published.latest)}


def test_nobody_offers_the_images_of_others(draft, alice, bob, browser_of, api):
    goods.dataset_of(alice, 1)
    foreign, seen = goods.dataset_of(bob, 1), draft.latest.updated_at.isoformat()
    response = browser_of(alice).post(editor(draft), offer(dataset=foreign.pk, updated_at=seen))
    assert set(response.context["form"].errors) == {"dataset"}
    answer = api(alice).patch(f"/api/v1/listings/{draft.public_id}/", {"dataset": str(foreign.public_id)})
    assert answer.status_code == 404


def test_the_seller_sees_what_staff_will_see(draft, alice, browser_of):
    drafts.edit(draft, description="See [here](https://example.org/coats).")
    goods.published_of(alice, draft.latest.dataset)
    text = browser_of(alice).get(editor(draft)).text
    for words in ("What staff will see", "0 of 80 examined images", "https://example.org/coats", "1 other listing"):
        assert words in text, words


def test_a_rejection_says_what_to_fix_until_when_and_how_to_appeal(alice, mod, browser_of):
    listing = in_state("rejected", alice, mod)
    decision = listing.latest.decisions.get()
    type(decision).objects.filter(pk=decision.pk).update(fix="Name the colours.", deadline="2026-12-24")
    text = browser_of(alice).get(editor(listing)).text
    for words in ("Name the colours.", "Until Dec. 24, 2026.", reverse("appeal-new", args=[decision.pk])):
        assert words in text, words
