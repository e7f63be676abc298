"""What a seller sold: figures that are sums of postings, a table for spreadsheets, payouts and where they go."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from generation import notifications
from generation.models import Notification
from marketplace.purchases import account_numbers, ledger, payout_accounts, payouts, privacy, refunds, sales, statements
from marketplace.purchases.models import Account, PayoutAccount, PayoutHold, Posting, Purchase, Refund

from . import goods

pytestmark = pytest.mark.django_db
SALES, PAYOUTS, TABLE = "/studio/sales/", "/studio/payouts/", "/studio/sales/table.csv"
WON = "/studio/payouts/account/KRW/"
ACCOUNT = {"bank": "Shinhan", "holder": "Alice Kim", "number": "110-123-456789", "password": "correct horse 42"}


def text_of(response, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def amount(figure: int) -> str:
    return f"₩{figure:,}"


@pytest.fixture
def sold(alice, bob, charlie, published) -> list[Purchase]:
    """Two of ₩9,900, the second given back."""
    kept, back = (goods.bought(buyer, published) for buyer in (bob, charlie))
    refunds.refund(back, "staff")
    back.refresh_from_db()
    return [kept, back]


@pytest.fixture
def verified(alice) -> PayoutAccount:
    row = payout_accounts.save(alice, "KRW", "Shinhan", "Alice Kim", "110123456789")
    PayoutAccount.objects.update(state="verified", verified_at=timezone.now())
    return row


@pytest.fixture
def paid_out(alice, sold, verified, settings):
    settings.PAYOUT_MINIMUM = {"KRW": 1_000, "USD": 100}
    with time_machine.travel(timezone.now() + timedelta(days=60)):
        (payout,) = payouts.plan()
    return payout


# Figures.


def test_the_chain_from_price_to_net_adds_up(alice, sold):
    (one,) = sales.totals(sales.of(alice))
    assert (one.sold, one.returned, one.gross, one.refunded) == (2, 1, 19_800, 9_900)
    assert one.gross - one.fee - one.refunded == one.net
    assert one.net == ledger.balance(Account.objects.get(kind="seller", owner=alice))


@pytest.mark.parametrize("figure", sales.FIGURES)
def test_each_figure_is_the_sum_of_the_postings_that_it_opens(alice, sold, browser_of, figure):
    (totals,) = sales.totals(sales.of(alice))
    rows = sales.postings_behind(figure, sales.of(alice))
    assert sum(row.signed for row in rows) == getattr(totals, figure)
    text = text_of(browser_of(alice).get(f"{SALES}postings/{figure}/?currency=KRW"))
    assert amount(getattr(totals, figure)) in text
    assert text.count("<tr>") == 1 + len(rows)


def test_two_currencies_are_never_added_up(alice, bob, sold):
    goods.bought(bob, goods.published_of(alice, price=1_250, currency="USD"), "two")
    assert [(one.currency, one.gross) for one in sales.totals(sales.of(alice))] == [("KRW", 19_800), ("USD", 1_250)]


def test_a_free_dataset_is_sold_and_moves_nothing(alice, bob, browser_of):
    purchase = goods.bought(bob, goods.published_of(alice, price=0))
    (one,) = sales.totals(sales.of(alice))
    assert (one.sold, one.gross, one.net) == (1, 0, 0)
    assert "It was free: nothing moved." in text_of(browser_of(alice).get(f"{SALES}{purchase.public_id}/"))


# The list.


def test_the_list_shows_each_sale_and_opens_it(alice, sold, browser_of):
    text = text_of(browser_of(alice).get(SALES))
    for purchase in sold:
        assert f"{SALES}{purchase.public_id}/" in text
    assert "2 sales" in text
    assert amount(19_800) in text


def test_a_period_counts_both_its_days(alice, sold, browser_of):
    client, today = browser_of(alice), timezone.localdate()
    day = {"since": today.isoformat(), "until": today.isoformat()}
    assert "2 sales" in text_of(client.get(SALES, day))
    before = (today - timedelta(days=1)).isoformat()
    assert "Nothing was sold in this time." in text_of(client.get(SALES, {"until": before}))
    assert "Nothing was sold in this time." in text_of(client.get(SALES, {"currency": "USD"}))


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "yesterday"}, {"until": "2026-02-30"}, {"currency": "EUR"},
        {"since": "2026-03-02", "until": "2026-03-01"},
    ],
)  # fmt: skip
def test_a_period_that_makes_no_sense_is_said_at_its_field(alice, sold, browser_of, asked):
    for address in (SALES, TABLE):
        response = browser_of(alice).get(address, asked)
        assert "errorlist" in text_of(response, 422)
        assert response.context["form"].errors


def test_days_at_the_ends_of_the_calendar_break_nothing(alice, sold, browser_of):
    assert "2 sales" in text_of(browser_of(alice).get(SALES, {"since": "1900-01-01", "until": "9999-12-31"}))


def test_without_a_sale_it_says_what_will_stand_there(alice, browser_of):
    text = text_of(browser_of(alice).get(SALES))
    assert "Nothing sold yet" in text
    assert "CSV" not in text


def test_others_see_nothing_of_it(bob, mod, sold, browser_of, client):
    for person in (bob, mod):
        assert "Nothing sold yet" in text_of(browser_of(person).get(SALES))
        assert browser_of(person).get(f"{SALES}{sold[0].public_id}/").status_code == 404
        assert len(text_of(browser_of(person).get(TABLE)).splitlines()) == 1
    for address in (SALES, TABLE, PAYOUTS, WON, f"{SALES}postings/net/?currency=KRW"):
        assert client.get(address).status_code == 302


@pytest.mark.parametrize("address", [SALES, TABLE, PAYOUTS, f"{SALES}postings/net/"])
def test_these_pages_are_for_reading(alice, browser_of, address):
    assert browser_of(alice).post(address).status_code == 405


@pytest.mark.parametrize("address", ["postings/net/", "postings/tips/?currency=KRW", "postings/net/?currency=EUR"])
def test_a_figure_that_is_none_is_not_found(alice, sold, browser_of, address):
    assert browser_of(alice).get(SALES + address).status_code == 404


def test_lists_ask_no_more_for_more(alice, bob, verified, browser_of, django_assert_max_num_queries):
    client, dataset, found = browser_of(alice), goods.dataset_of(alice, 20), []
    for count in (1, 3):
        for number in range(count):
            goods.bought(bob, goods.published_of(alice, dataset), f"{count}-{number}")
        for address in (SALES, TABLE, f"{SALES}postings/gross/?currency=KRW", PAYOUTS):
            client.get(address)
            with django_assert_max_num_queries(40) as asked:
                client.get(address)
            found.append(len(asked))
    assert found[:4] == found[4:]


# One sale.


def test_a_sale_shows_its_split_and_every_posting(alice, sold, browser_of):
    kept, back = sold
    text = text_of(browser_of(alice).get(f"{SALES}{kept.public_id}/"))
    assert text.count("<tr>") == 1 + kept.postings.count()
    assert amount(kept.earned) in text
    assert "Payable from" in text
    text = text_of(browser_of(alice).get(f"{SALES}{back.public_id}/"))
    assert "Nothing of this sale is left to pay out." in text
    assert f"+{amount(back.fee)}" in text
    assert "By staff" in text
    assert "bob@example.com" not in text


def test_opening_a_sale_reads_what_was_told_of_it(alice, sold, browser_of):
    address = f"{SALES}{sold[0].public_id}/"
    notifications.tell(alice.pk, "sale", "Shirts", address)
    browser_of(alice).get(address)
    assert not Notification.objects.filter(owner=alice, address=address).unread().exists()


# The table.


def table(response) -> list[dict[str, str]]:
    text = text_of(response)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_the_table_has_a_line_for_each_sale_and_adds_up(alice, sold, browser_of):
    response = browser_of(alice).get(TABLE)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    rows = table(response)
    assert {row["sale"] for row in rows} == {str(purchase.public_id) for purchase in sold}
    for row in rows:
        assert int(row["gross"]) - int(row["fee"]) - int(row["refunded"]) == int(row["net"])


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "＝", "\t=", " =", "%", "|"])
def test_a_title_never_becomes_a_formula(begin):
    text = f'{begin}HYPERLINK("http://evil.example")'
    assert statements.harmless(text) == f"'{text}"
    assert statements.harmless("Shirts = good") == "Shirts = good"


def test_a_title_that_is_a_formula_is_text_in_the_table(alice, bob, browser_of):
    goods.bought(bob, goods.published_of(alice, title='=1+1,"x"'))
    (row,) = table(browser_of(alice).get(TABLE))
    assert row["title"] == '\'=1+1,"x"'


def test_dollars_have_cents_in_the_table(alice, bob, browser_of):
    goods.bought(bob, goods.published_of(alice, price=1_250, currency="USD"))
    (row,) = table(browser_of(alice).get(TABLE, {"currency": "USD"}))
    assert (row["currency"], row["gross"], row["refunded"]) == ("USD", "12.50", "0.00")


# Payouts.


def test_the_page_says_what_waits_and_why(alice, sold, browser_of):
    text = text_of(browser_of(alice).get(PAYOUTS))
    assert payouts.block_reason(alice, "KRW")
    assert payouts.block_reason(alice, "KRW") in text
    assert "Add an account for won" in text
    assert "In dollars" not in text


@pytest.mark.parametrize(("pot", "later"), [("not_yet", 0), ("payable", 60), ("held", 0)])
def test_each_figure_of_the_balance_is_the_sum_of_the_postings_that_it_opens(alice, sold, browser_of, pot, later):
    if pot == "held":
        Refund.objects.create(purchase=sold[0], amount=1, currency="KRW", reason="staff")
    with time_machine.travel(timezone.now() + timedelta(days=later)):
        figure = getattr(payouts.of(alice, "KRW"), pot)
        assert figure
        page = browser_of(alice).get(PAYOUTS)
        address = f"{PAYOUTS}KRW/{pot}/"
        assert f'<a href="{address}">{amount(figure)}</a>' in text_of(page)
        page = browser_of(alice).get(address)
    assert amount(figure) in text_of(page)
    assert sum(row.signed for row in page.context["page"]) == figure
    assert f"{SALES}{sold[0].public_id}/" in text_of(page)


@pytest.mark.parametrize("address", ["KRW/nonsense/", "EUR/payable/", "USD/payable/", "krw/payable/"])
def test_a_figure_of_the_balance_that_is_none_is_not_found(alice, sold, browser_of, address):
    assert browser_of(alice).get(f"{PAYOUTS}{address}").status_code == 404


def test_a_balance_is_its_owners_alone(bob, sold, browser_of):
    assert browser_of(bob).get(f"{PAYOUTS}KRW/not_yet/").status_code == 404


def test_what_waits_says_from_when_it_may_be_paid_out(alice, sold, browser_of):
    day = timezone.localtime(ledger.payable_from(sold[0].paid_at)).date().isoformat()
    assert f'datetime="{day}"' in text_of(browser_of(alice).get(f"{PAYOUTS}KRW/not_yet/"))


def test_a_hold_is_shown_with_its_reason(alice, mod, sold, verified, browser_of):
    PayoutHold.objects.create(
        seller=alice, imposed_by=mod, reason="Two buyers complained.", review_at=timezone.now() + timedelta(days=7)
    )
    assert "Two buyers complained." in text_of(browser_of(alice).get(PAYOUTS))


def test_a_payout_lists_what_it_pays(alice, bob, paid_out, sold, browser_of):
    address = f"{PAYOUTS}{paid_out.public_id}/"
    assert address in text_of(browser_of(alice).get(PAYOUTS))
    text = text_of(browser_of(alice).get(address))
    assert amount(paid_out.amount) in text
    assert f"{SALES}{sold[0].public_id}/" in text
    assert browser_of(bob).get(address).status_code == 404
    assert address in text_of(browser_of(alice).get(f"{SALES}{sold[0].public_id}/"))


def test_a_sale_given_back_is_not_said_to_be_paid_out(alice, paid_out, sold, browser_of):
    """Its share and what went back cancel out in that payout."""
    kept, back = (text_of(browser_of(alice).get(f"{SALES}{sale.public_id}/")) for sale in sold)
    assert f"{PAYOUTS}{paid_out.public_id}/" in kept
    assert f"{PAYOUTS}{paid_out.public_id}/" not in back
    assert "Nothing of this sale is left to pay out." in back
    assert text_of(browser_of(alice).get(SALES)).count(f"{PAYOUTS}{paid_out.public_id}/") == 1


def test_opening_payouts_reads_what_was_told_of_them(alice, paid_out, browser_of):
    assert Notification.objects.filter(owner=alice, kind="payout").unread().exists()
    browser_of(alice).get(PAYOUTS)
    assert not Notification.objects.filter(owner=alice, kind="payout").unread().exists()


def test_a_newcomer_can_add_an_account_in_either_currency(alice, browser_of):
    text = text_of(browser_of(alice).get(PAYOUTS))
    assert "Add an account for won" in text
    assert "Add an account for dollars" in text


# The account that they go to.


@pytest.fixture
def account(alice, browser_of) -> PayoutAccount:
    cache.clear()
    assert browser_of(alice).post(WON, ACCOUNT).url == PAYOUTS
    return PayoutAccount.objects.get(owner=alice)


def test_a_number_is_stored_sealed_and_shown_by_its_end(alice, account, browser_of):
    assert "123456789" not in account.number
    assert account_numbers.opened(account.number) == "110123456789"
    for address in (PAYOUTS, WON):
        text = text_of(browser_of(alice).get(address))
        assert "···6789" in text
        assert "110123456789" not in text
    assert account.state == "pending"


def test_a_number_sealed_under_an_earlier_key_still_opens(account, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" * 8
    assert account_numbers.opened(account.number) == "110123456789"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(account_numbers.Unreadable):
        account_numbers.opened(account.number)


def test_a_changed_account_is_verified_anew(alice, account, browser_of):
    PayoutAccount.objects.update(state="verified", verified_at=timezone.now())
    browser_of(alice).post(WON, ACCOUNT)
    assert PayoutAccount.objects.get().state == "verified", "nothing had changed"
    browser_of(alice).post(WON, ACCOUNT | {"number": "110-999-000111"})
    account.refresh_from_db()
    assert (account.state, account.verified_at, account.last_digits) == ("pending", None, "0111")
    assert payouts.block_reason(alice, "KRW") == "Your account for payouts is being verified."


def test_the_owner_hears_of_a_change_by_letter(account):
    payout_accounts.tell(account.pk)
    (letter,) = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert "Shinhan ···6789" in letter.body
    assert "110123456789" not in letter.body


@pytest.mark.parametrize(
    "change",
    [{"password": "wrong"}, {"number": "12-34"}, {"number": "=cmd()"}, {"bank": ""}, {"holder": "\x00"}],
)
def test_a_bad_account_is_refused_at_its_field(alice, browser_of, change):
    cache.clear()
    response = browser_of(alice).post(WON, ACCOUNT | change)
    assert response.context["form"].errors.keys() == change.keys()
    assert response.status_code == 422
    assert not PayoutAccount.objects.exists()


def test_passwords_are_not_guessed_here(alice, browser_of):
    cache.clear()
    client = browser_of(alice)
    answers = [client.post(WON, ACCOUNT | {"password": f"guess {number}"}).status_code for number in range(12)]
    assert answers[0] == 422
    assert answers[-1] == 429


def test_there_are_two_currencies_and_no_others(alice, browser_of):
    assert browser_of(alice).get("/studio/payouts/account/EUR/").status_code == 404
    assert browser_of(alice).delete(WON).status_code == 405


def test_a_person_takes_their_money_matters_along(alice, paid_out):
    export = privacy.export_for(alice)
    assert export["payouts"][0]["amount"] == paid_out.amount
    assert export["payout_accounts"] == [
        {"currency": "KRW", "bank": "Shinhan", "holder": "Alice Kim", "last_digits": "6789", "state": "verified"}
    ]


def test_a_closed_account_forgets_the_number(alice, verified):
    privacy.erase(alice)
    verified.refresh_from_db()
    assert (verified.bank, verified.holder, verified.number, verified.last_digits) == ("–", "–", "", "")
    assert verified.state == "refused"


# The API.


def test_a_program_reads_sales_balances_and_payouts(alice, api, sold, paid_out):
    client = api(alice, ["sell"])
    rows = client.get("/api/v1/me/sales/").json()["results"]
    assert [row["gross"] - row["fee"] - row["refunded"] - row["net"] for row in rows] == [0, 0]
    detail = client.get(f"/api/v1/me/sales/{rows[0]['id']}/").json()
    assert len(detail["postings"]) == Posting.objects.filter(purchase__public_id=rows[0]["id"]).count()
    (payout,) = client.get("/api/v1/me/payouts/").json()["results"]
    assert (payout["amount"], payout["state"], payout["account"]) == (paid_out.amount, "planned", "Shinhan ···6789")
    (balance,) = client.get("/api/v1/me/balances/").json()
    assert (balance["currency"], balance["payable"]) == ("KRW", 0)


def test_the_api_refuses_strangers_scopes_and_nonsense(alice, bob, api, client, sold):
    for address in ("/api/v1/me/sales/", "/api/v1/me/payouts/", "/api/v1/me/balances/"):
        assert client.get(address).status_code == 401
        assert api(alice, ["buy"]).get(address).status_code == 403
        assert api(alice, ["read"]).get(address).status_code == 200
        assert api(alice).post(address).status_code == 405
    assert api(bob).get("/api/v1/me/sales/").json()["results"] == []
    assert api(bob).get(f"/api/v1/me/sales/{sold[0].public_id}/").status_code == 404
    assert api(alice).get("/api/v1/me/sales/?since=yesterday").status_code == 400
    assert len(api(alice).get("/api/v1/me/sales/?currency=USD").json()["results"]) == 0


def test_the_api_asks_no_more_for_more(alice, bob, api, django_assert_max_num_queries):
    client, dataset, found = api(alice), goods.dataset_of(alice, 20), []
    for count in (1, 3):
        for number in range(count):
            goods.bought(bob, goods.published_of(alice, dataset), f"{count}-{number}")
        client.get("/api/v1/me/sales/")
        with django_assert_max_num_queries(12) as asked:
            client.get(reverse("api-sales"))
        found.append(len(asked))
    assert found[0] == found[1]
