"""What buyers are shown of a seller, and the form behind it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.listings import drafts, privacy, sellers
from marketplace.listings.models import Follow, Listing, SellerProfile

from . import goods

pytestmark = pytest.mark.django_db
FORM = "/studio/profile/"
BUSINESS = {
    "about": "Shirts, mostly.", "website": "https://alice.example.com", "is_business": "on",
    "business_name": "Alice Images", "representative": "Alice Kim", "registration_number": "1234567891",
    "mail_order_number": "2026-Seoul-0001", "phone": "02-123-4567", "address": "1 Sejong-daero, Seoul",
    "contact_email": "hello@alice.example.com",
}  # fmt: skip


def address_of(seller) -> str:
    return reverse("seller", args=[seller.public_id])


@pytest.fixture
def profile(alice, browser_of) -> SellerProfile:
    assert browser_of(alice).post(FORM, BUSINESS).url == FORM
    return SellerProfile.objects.get(user=alice)


def test_anybody_sees_who_sells_and_what(alice, bob, client, published, profile):
    Follow.objects.create(follower=bob, seller=alice)
    Listing.objects.update(rating_count=2, rating_sum=9, sales_count=1_234)
    text = client.get(address_of(alice)).text
    for shown in ("Shirts, mostly.", "Alice Images", "123-45-67891", "2026-Seoul-0001", "hello@alice.example.com"):
        assert shown in text
    for figure in ("★ 4.5 of 5 from 2 reviews", "1,234 sales", "1 follower", published.current.title):
        assert figure in text
    assert "GANerate is an intermediary" in text


def test_a_private_person_gives_no_business_data(alice, client, published):
    text = client.get(address_of(alice)).text
    assert "a private person" in text
    assert "Business registration number" not in text


def test_what_a_seller_wrote_is_text_and_no_markup(alice, client, published):
    SellerProfile.objects.create(user=alice, about="<script>alert(1)</script>")
    assert "<script>alert(1)" not in client.get(address_of(alice)).text


def test_members_who_offer_nothing_have_no_page(alice, bob, client, draft, browser_of):
    for person in (alice, bob):
        assert client.get(address_of(person)).status_code == 404
    assert "Only you see this page" in browser_of(alice).get(address_of(alice)).text


def test_a_closed_account_has_no_page_any_more(alice, client, published):
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get(address_of(alice)).status_code == 404


def test_what_was_taken_off_sale_leaves_an_empty_shelf(alice, client, published):
    drafts.withdraw(published)
    text = client.get(address_of(alice)).text
    assert "Nothing on sale at the moment." in text
    assert published.current.title not in text


def test_the_page_asks_no_more_for_more(alice, bob, browser_of, django_assert_max_num_queries):
    client, dataset, found = browser_of(bob), goods.dataset_of(alice, 20), []
    for count in (1, 3):
        for _ in range(count):
            goods.published_of(alice, dataset)
        client.get(address_of(alice))
        with django_assert_max_num_queries(20) as asked:
            client.get(address_of(alice))
        found.append(len(asked))
    assert found[0] == found[1]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_page_is_for_reading(alice, client, published, method):
    assert getattr(client, method)(address_of(alice)).status_code == 405


# The form.


def test_a_seller_says_who_they_are(alice, profile):
    assert profile.is_business
    assert profile.registration_number == "123-45-67891"
    assert profile.about == "Shirts, mostly."


def test_the_form_is_for_whoever_is_signed_in(client, bob, profile, browser_of):
    assert client.get(FORM).status_code == 302
    assert browser_of(bob).delete(FORM).status_code == 405
    assert "Alice Images" not in browser_of(bob).get(FORM).text


def test_a_business_has_to_give_its_data(alice, browser_of):
    response = browser_of(alice).post(FORM, {"is_business": "on", "about": "Kept."})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == set(sellers.REQUIRED_OF_A_BUSINESS)
    assert "Kept." in response.text
    assert not SellerProfile.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"registration_number": "123-45-67890"}, {"website": "javascript:alert(1)"}, {"contact_email": "alice"},
        {"about": "x" * 2_001}, {"representative": "\x07bell"},
    ],
)  # fmt: skip
def test_bad_data_are_refused_at_their_field(alice, browser_of, change):
    response = browser_of(alice).post(FORM, BUSINESS | change)
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == change.keys()
    assert not SellerProfile.objects.exists()


@pytest.mark.parametrize(
    ("number", "right"),
    [("123-45-67891", True), ("2208183676", True), ("220-81-83677", False), ("abc", False), ("123456789", False)],
)
def test_a_registration_number_adds_up(number, right):
    assert sellers.is_registration_number(number) is right


def test_changed_business_data_are_looked_at_again(alice, profile, browser_of):
    SellerProfile.objects.update(verified_at=timezone.now())
    browser_of(alice).post(FORM, BUSINESS | {"about": "Other words."})
    assert SellerProfile.objects.get().verified_at
    browser_of(alice).post(FORM, BUSINESS | {"representative": "Somebody Else"})
    assert SellerProfile.objects.get().verified_at is None


def test_a_closed_account_takes_its_profile_along(alice, profile):
    assert privacy.export_for(alice)["seller_profile"][0]["business_name"] == "Alice Images"
    privacy.erase(alice)
    assert not SellerProfile.objects.exists()


def test_a_business_that_offered_something_stays_named(alice, published, profile):
    privacy.erase(alice)
    row = SellerProfile.objects.get()
    assert (row.business_name, row.about, row.website) == ("Alice Images", "", "")


# The API.


def test_a_program_reads_who_sells(alice, bob, client, published, profile):
    address = f"/api/v1/sellers/{alice.public_id}/"
    answer = client.get(address).json()
    assert (answer["name"], answer["about"]) == ("Alice", "Shirts, mostly.")
    assert answer["business"]["registration_number"] == "123-45-67891"
    assert answer["standing"] == {"on_sale": 1, "sold": 0, "ratings": 0, "rating": None, "followers": 0}
    assert client.get(f"/api/v1/sellers/{bob.public_id}/").status_code == 404
    assert client.post(address).status_code in (401, 403, 405)
