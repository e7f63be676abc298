"""One seller's trade with two buyers: what each of them, their banks, Stripe and staff may do, in whatever order.

Everything in it is named by the click that began it, so that two trades that went through the same can be compared.
"""

import contextlib
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.test import Client, override_settings
from django.utils import timezone

from benchmarks.market.stripe_server import Books, Object, Refused, signed
from generation.models import Dataset, DatasetFile, GenerationJob, Generator, SourceSet
from marketplace.accounts.models import User
from marketplace.listings.licences import WORDINGS
from marketplace.listings.models import Licence, Listing, ListingVersion
from marketplace.purchases import checkout, consent, delivery, ledger, payments, payouts, refunds
from marketplace.purchases.models import (
    Account,
    Chargeback,
    Payout,
    PayoutAccount,
    PayoutHold,
    PayoutLine,
    Posting,
    Purchase,
    Refund,
)
from marketplace.purchases.providers.interface import ProviderRefused, ProviderUnreachable

GOODS = ((9_900, "KRW"), (1_001, "KRW"), (1_999, "USD"), (0, "KRW"))
EVENTS = "/payments/stripe/events/"


def dataset() -> Dataset:
    """One that all trades offer: nobody opens its files here."""
    owner = person("owner")
    source_set = SourceSet.objects.create(owner=owner, name="Set")
    generator = Generator.objects.create(
        owner=owner, source_set=source_set, source_fingerprint="f" * 64, recipe={}, checkpoint_key="none",
        sha256="c" * 64, size=1,
    )  # fmt: skip
    job = GenerationJob.objects.create(
        owner=owner, source_set=source_set, count=1, seed=1, requested={}, generator=generator, state="succeeded",
        finished_at=timezone.now(),
    )  # fmt: skip
    made = Dataset.objects.create(
        owner=owner, job=job, generator=generator, name="Set", count=1, first_slot=0, channels=3, resolution=28, size=1,
        content_hash="h" * 64, report={},
    )  # fmt: skip
    DatasetFile.objects.create(dataset=made, kind="bundle", name="set.zip", key="none", size=1, sha256="a" * 64)
    return made


def person(name: str) -> User:
    user = User.objects.create(email=f"{name}-{uuid.uuid4().hex}@example.com", name=name, language="en")
    user.accept_present_terms()
    return user


def offered(seller: User, of: Dataset, price: int, currency: str) -> ListingVersion:
    licence = Licence.objects.order_by("pk").first() or Licence.objects.create(**WORDINGS[0])
    listing = Listing.objects.create(seller=seller, published_at=timezone.now())
    version = ListingVersion.objects.create(
        listing=listing, dataset=of, licence=licence, licence_sha256="0" * 64, title="Shirts", price=price,
        currency=currency, sealed_at=timezone.now(),
    )  # fmt: skip
    Listing.objects.filter(pk=listing.pk).update(state=Listing.State.PUBLISHED, current=version)
    return ListingVersion.objects.select_related("listing").get(pk=version.pk)


@dataclass(frozen=True)
class Label:
    """What happened the how manyeth time to which thing of which click."""

    click: str
    kind: str
    thing: int = 0
    time: int = 0


class Trade:
    def __init__(self, name: str, books: Books, of: Dataset) -> None:
        self.name, self.books = name, books
        self.seller = person("alice")
        self.buyers = [person("bob"), person("charlie")]
        self.versions = [offered(self.seller, of, price, currency) for price, currency in GOODS]
        for currency in ("KRW", "USD"):
            PayoutAccount.objects.create(
                owner=self.seller, currency=currency, bank="Shinhan", holder="Alice", number="sealed",
                last_digits="6789", state=PayoutAccount.State.VERIFIED,
            )  # fmt: skip
        self.seen: dict[tuple[str, int], int] = {}

    # Rows.

    def purchases(self) -> QuerySet[Purchase]:
        return Purchase.objects.filter(buyer__in=self.buyers).select_related("version__listing__seller", "buyer")

    def bought(self, click: str) -> Purchase | None:
        return self.purchases().filter(attempt_key=click).first()

    def accounts(self) -> dict[str, Account]:
        return {one.currency: one for one in Account.objects.filter(kind=Account.Kind.SELLER, owner=self.seller)}

    # At Stripe.

    def pages(self) -> dict[Label, Object]:
        """Every page on which a buyer may pay, those that are forgotten in another tab too."""
        clicks = {str(number): click for number, click in self.purchases().values_list("public_id", "attempt_key")}
        found: dict[Label, Object] = {}
        counted: Counter[str] = Counter()
        for page in self.books.sessions.values():
            if click := clicks.get(page["metadata"].get("purchase", "")):
                found[Label(click, "page", counted[click])] = page
                counted[click] += 1
        return found

    def given(self) -> dict[Label, Object]:
        return of_payments("refund", self.pages(), self.books.refunds)

    def disputes(self) -> dict[Label, Object]:
        return of_payments("dispute", self.pages(), self.books.disputes)

    def events(self) -> dict[Label, Object]:
        pages = self.pages()
        given = of_payments("refund", pages, self.books.refunds)
        disputes = of_payments("dispute", pages, self.books.disputes)
        things = {row["id"]: label for rows in (pages, given, disputes) for label, row in rows.items()}
        found: dict[Label, Object] = {}
        counted: Counter[tuple[str, str]] = Counter()
        for event in self.books.events:
            thing, kind = event["data"]["object"]["id"], event["type"]
            if thing in things:
                named = f"{kind} of {things[thing].kind}"
                found[Label(things[thing].click, named, things[thing].thing, counted[thing, kind])] = event
                counted[thing, kind] += 1
        return found

    # What people do here.

    def click(self, click: str, buyer: int, goods: int, provider: str) -> str:
        key = {} if provider == "stripe" else {"STRIPE_SECRET_KEY": ""}
        with override_settings(**key):
            try:
                return checkout.buy(self.buyers[buyer], self.versions[goods], click, licence_accepted=True).state
            except checkout.CheckoutRefused:
                return "refused"

    def come_back(self, click: str) -> None:
        purchase = self.bought(click)
        if purchase and purchase.state == Purchase.State.PENDING and purchase.session:
            with contextlib.suppress(ProviderUnreachable, ProviderRefused, payments.Unmatched):
                payments.look(purchase)

    def download(self, click: str) -> str:
        purchase = self.bought(click)
        if purchase is None:
            return "nothing"
        consent.give(purchase)
        try:
            delivery.refuse_buyer(purchase)
            delivery.note_start(purchase, delivery.bundles(purchase)[0], "")
        except delivery.NotDelivered:
            return "refused"
        return "delivered"

    def withdraw(self, click: str) -> str:
        purchase = self.bought(click)
        try:
            return refunds.withdraw(purchase, purchase.buyer).reason if purchase else "nothing"
        except refunds.RefundRefused:
            return "refused"

    def refund(self, click: str, share: float, form: int) -> str:
        """By staff. `form` names the page that they sent, whose numbers are of when it was made."""
        purchase = self.bought(click)
        if purchase is None:
            return "nothing"
        seen = self.seen.setdefault((click, form), refunds.left_of(purchase))
        amount = None if share == 1 else max(1, int(seen * share))
        try:
            return refunds.refund(purchase, Refund.Reason.STAFF, amount=amount, seen=seen).reason
        except refunds.RefundRefused:
            return "refused"

    def send_refunds(self, click: str) -> None:
        """A ticket for each, which the queue may lose, repeat or bring late."""
        for pk in Refund.objects.filter(purchase__in=self.purchases().filter(attempt_key=click)).values_list(
            "pk", flat=True
        ):
            refunds.send(pk)

    def hear(self, label: Label) -> None:
        event = self.events().get(label)
        if event is None:
            raise AssertionError(f"{self.name}: no event {label}")
        body, mark = signed(event)
        answer = Client().post(EVENTS, body, content_type="application/json", headers={"Stripe-Signature": mark})
        assert answer.status_code == 200

    # What is done in Stripe's own pages, and by banks.

    def close(self, label: Label) -> None:
        page = self.pages()[label]
        if page["status"] == "open":
            self.books.expire_session(page)

    def give_in_their_pages(self, label: Label, share: float) -> None:
        page = self.pages()[label]
        amount = max(1, int(page["amount_total"] * share))
        with contextlib.suppress(Refused):
            self.books.create_refund({"payment_intent": page["payment_intent"], "amount": str(amount)})

    def dispute(self, label: Label) -> None:
        intent = self.pages()[label]["payment_intent"]
        known = any(one["payment_intent"] == intent for one in self.books.disputes.values())
        if not known and self.books.back_of(intent) < self.pages()[label]["amount_total"]:
            self.books.dispute(intent)

    # Payouts.

    def plan(self) -> None:
        for account in self.accounts().values():
            payouts.plan_one(account.pk, timezone.now())

    def hand_over(self, paid: bool) -> None:
        for payout in Payout.objects.filter(seller=self.seller, state=Payout.State.PLANNED):
            payouts.paid(payout, "bank") if paid else payouts.sent(payout)

    def settle_payouts(self, well: bool) -> None:
        for payout in Payout.objects.filter(seller=self.seller).exclude(state=Payout.State.FAILED).order_by("-pk")[:1]:
            payouts.paid(payout, "bank") if well else payouts.failed(payout, "wrong number")

    def hold(self, on: bool) -> None:
        held = PayoutHold.objects.filter(seller=self.seller, lifted_at__isnull=True)
        if not on:
            held.update(lifted_at=timezone.now())
        elif not held.exists():
            until = timezone.now() + timedelta(days=9)
            PayoutHold.objects.create(seller=self.seller, imposed_by=self.buyers[0], reason="Checked.", review_at=until)

    def rows(self) -> "Rows":
        return Rows(self)


class Rows:
    """All that the database has of a trade, read once."""

    def __init__(self, trade: Trade) -> None:
        bought = Purchase.objects.filter(buyer__in=trade.buyers)
        related = bought.select_related("version__listing").order_by("pk")
        self.purchases = list(related.prefetch_related("version__tails", "version__dataset__files"))
        self.clicks = {one.pk: one.attempt_key for one in self.purchases}
        self.accounts = list(Account.objects.filter(kind=Account.Kind.SELLER, owner=trade.seller))
        mine = Q(purchase__in=list(self.clicks)) | Q(payout__seller=trade.seller)
        self.postings = list(Posting.objects.filter(mine).select_related("source", "target"))
        self.refunds = list(Refund.objects.filter(purchase__in=list(self.clicks)))
        self.chargebacks = list(Chargeback.objects.filter(purchase__in=list(self.clicks)))
        self.payouts = list(Payout.objects.filter(seller=trade.seller).order_by("pk"))
        self.lines = list(PayoutLine.objects.filter(payout__in=self.payouts))
        sales = Listing.objects.filter(seller=trade.seller).order_by("pk")
        self.counts = list(sales.values_list("sales_count", flat=True))

    def posted(self, purchase: Purchase) -> list[Posting]:
        return [one for one in self.postings if one.purchase_id == purchase.pk]

    def balances(self) -> Counter[int]:
        held: Counter[int] = Counter()
        for one in self.postings:
            held[one.source_id] -= one.amount
            held[one.target_id] += one.amount
        return held

    def outcome(self) -> dict[str, Any]:  # Any: to be compared and shown
        """Everything about money, without what is another at each time: numbers of rows, moments, keys."""
        held = self.balances()
        return {one.attempt_key: self.told(one) for one in self.purchases if one.paid_at} | {
            "balances": {one.currency: held[one.pk] for one in self.accounts if held[one.pk]},
            "payouts": [self.told_payout(one) for one in self.payouts],
            "counts": self.counts,
        }

    def told(self, purchase: Purchase) -> dict[str, Any]:
        given = [one for one in self.refunds if one.purchase_id == purchase.pk and one.state != Refund.State.FAILED]
        taken = [one for one in self.chargebacks if one.purchase_id == purchase.pk]
        return {
            "state": purchase.state, "split": ledger.shares(purchase), "postings": sorted(net(self.posted(purchase))),
            "refunds": sorted((one.state, one.amount, one.reason) for one in given),
            "chargebacks": sorted((one.state, one.amount, one.taken) for one in taken),
            "delivered": purchase.delivery_started_at is not None,
        }  # fmt: skip

    def told_payout(self, payout: Payout) -> tuple[Any, ...]:
        posted = {one.pk: one for one in self.postings}
        lines = [(posted[one.posting_id], one.returned) for one in self.lines if one.payout_id == payout.pk]
        told = sorted((self.clicks[one.purchase_id or 0], one.amount, returned) for one, returned in lines)
        return payout.state, payout.amount, payout.currency, told


def of_payments(kind: str, pages: dict[Label, Object], rows: dict[str, Object]) -> dict[Label, Object]:
    clicks = {page["payment_intent"]: label.click for label, page in pages.items() if page["payment_intent"]}
    found: dict[Label, Object] = {}
    counted: Counter[tuple[str, str]] = Counter()
    for row in rows.values():
        if click := clicks.get(row["payment_intent"]):
            # What was asked for here and what in their pages may have come in another order.
            named = f"{kind} of ours" if row["metadata"] else kind
            found[Label(click, named, counted[click, named])] = row
            counted[click, named] += 1
    return found


def net(postings: list[Posting]) -> list[tuple[str, str, str, int]]:
    """What moved between two accounts for a reason, one way less the other: a refund that came back left nothing."""
    sums: Counter[tuple[str, str, str]] = Counter()
    for one in postings:
        source, target = one.source.kind, one.target.kind
        ends, sign = ((source, target), 1) if source < target else ((target, source), -1)
        sums[*ends, one.reason] += sign * one.amount
    return [(*ends, amount) for ends, amount in sums.items() if amount]
