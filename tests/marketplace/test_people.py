"""Signing up, signing in, the command that makes accounts, taking data along and being forgotten."""

import io
import json

import pytest
from allauth.account.models import EmailAddress
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from rest_framework.test import APIClient

from ganerate import privacy
from generation.models import SourceImage
from marketplace.accounts.models import User
from marketplace.purchases import ledger
from marketplace.purchases.models import Account, Purchase

from . import goods

pytestmark = pytest.mark.django_db
NEW = {"email": "Dora@Example.com", "name": "Dora", "password1": "correct horse 42", "terms": "on", "privacy": "on"}


def test_signing_up_stores_name_language_and_the_accepted_terms(client, settings):
    client.post("/accounts/signup/", NEW, headers={"Accept-Language": "ko"})
    dora = User.objects.get()
    assert (dora.email, dora.name, dora.language) == ("dora@example.com", "Dora", "ko")
    assert dora.terms_version == settings.TERMS_VERSION
    assert dora.terms_accepted_at is not None


@pytest.mark.parametrize("missing", ["terms", "name", "email"])
def test_without_terms_name_or_address_nobody_signs_up(client, missing):
    page = client.post("/accounts/signup/", {key: value for key, value in NEW.items() if key != missing})
    assert missing in page.context["form"].errors
    assert not User.objects.exists()


def test_an_address_is_one_account_however_it_is_written(alice):
    with pytest.raises(IntegrityError):
        User.objects.bulk_create([User(email="ALICE@example.com", name="Mallory")])


@pytest.mark.parametrize("email", ["alice@example.com", "Alice@EXAMPLE.com"])
def test_signing_in_does_not_mind_the_case(alice, email):
    client = Client()
    client.post("/accounts/login/", {"login": email, "password": "correct horse 42"})
    assert client.get("/api/v1/me/").json()["name"] == "Alice"


def made(*arguments: str) -> dict[str, str]:
    out = io.StringIO()
    call_command("create_account", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_the_command_makes_an_account_that_works():
    answer = made("Seller@Demo.example", "--name", "Sela", "--token-scopes", "read,sell", "--password", "long enough 1")
    me = APIClient(headers={"Authorization": f"Token {answer['token']}"}).get("/api/v1/me/").json()
    assert (me["id"], me["email"], me["name"]) == (answer["id"], "seller@demo.example", "Sela")
    client = Client()
    client.post("/accounts/login/", {"login": answer["email"], "password": "long enough 1"})
    assert client.get("/api/v1/me/").status_code == 200


def test_the_command_finds_the_account_again():
    first, second = (made("a@demo.example", "--token-scopes", "read") for _ in range(2))
    assert first["id"] == second["id"]
    assert first["token"] != second["token"]
    assert User.objects.count() == EmailAddress.objects.count() == 1
    assert made("a@demo.example")["token"] is None


def test_the_command_makes_staff_who_may_moderate():
    made("mod@demo.example", "--staff")
    user = User.objects.get()
    assert user.is_staff
    assert not user.is_superuser
    assert user.groups.filter(name="Moderators").exists()


def test_the_command_makes_staff_who_run_the_site_and_do_not_moderate():
    made("ops@demo.example", "--operator")
    user = User.objects.get()
    assert user.is_staff
    assert user.has_perm("generation.change_generationjob")
    assert user.has_perm("generation.view_jobtask")
    assert not user.has_perm("moderation.add_decision")


def test_the_command_names_a_wrong_scope():
    with pytest.raises(CommandError, match="everything"):
        made("a@demo.example", "--token-scopes", "everything")
    assert not User.objects.exists()


def test_an_export_holds_what_every_app_knows(alice, bob, purchase):
    seller, buyer = privacy.export_for(alice), privacy.export_for(bob)
    assert seller["accounts"]["email"] == "alice@example.com"
    assert seller["listings"]["listings"][0]["title"] == "Generated shirts"
    assert [sale["amount"] for sale in seller["purchases"]["sales"]] == [8_910, 990]
    assert len(seller["generation"]["source_images"]) == 3
    assert buyer["purchases"]["purchases"][0]["price"] == 9_900
    assert buyer["generation"]["datasets"] == []
    json.dumps([seller, buyer], default=str)


def test_erasing_a_seller_forgets_the_person_and_keeps_what_was_sold(api, alice, bob, purchase):
    images = list(SourceImage.objects.filter(source_set__owner=alice).values_list("key", flat=True))
    earned = ledger.balance(Account.objects.get(kind="seller"))
    privacy.erase(alice)
    alice.refresh_from_db()
    assert not alice.is_active
    assert not any(word in str(vars(alice)).lower() for word in ("alice@", "'alice'"))
    assert images
    assert not any(default_storage.exists(key) for key in images)
    assert not SourceImage.objects.filter(file_name__contains="Alice").exists()
    purchase.version.listing.refresh_from_db()
    assert purchase.version.listing.state == "withdrawn"
    assert ledger.balance(Account.objects.get(kind="seller")) == earned
    assert api(bob).head(f"/api/v1/purchases/{purchase.public_id}/bundle/").status_code == 200


def test_erasing_a_buyer_keeps_the_purchase(bob, purchase):
    privacy.erase(bob)
    privacy.erase(bob)
    assert Purchase.objects.get().buyer.name == ""
    assert not EmailAddress.objects.filter(user=bob).exists()


def test_an_erased_persons_draft_is_empty(alice):
    listing = goods.draft_of(alice)
    privacy.erase(alice)
    assert listing.latest.title == "–"


def test_the_command_makes_members_of_staff():
    made("money@demo.example", "--treasurer", "--operator")
    user = User.objects.get()
    assert user.is_staff
    assert [group.name for group in user.groups.order_by("name")] == ["Operators", "Treasurers"]
