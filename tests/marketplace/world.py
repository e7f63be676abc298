"""One of everything that an address can name: Alice's, but for what Bob bought of her."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

from allauth.account.models import EmailAddress
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from generation import claims, events, notifications
from generation.models import GenerationJob, JobTask, SourceImage, SourceSet
from marketplace.accounts.models import ApiToken, User
from marketplace.listings import questions
from marketplace.listings.models import SellerProfile
from marketplace.moderation import appeals, blocks, decisions, notices, suspensions, takedowns
from marketplace.moderation.models import Decision, Flag, Suspension, Takedown
from marketplace.purchases import delivery, refunds, reviews
from marketplace.purchases.models import (
    Chargeback,
    PaymentEvent,
    Payout,
    PayoutAccount,
    PayoutHold,
    Purchase,
    Reconciliation,
)

from . import goods

# Without these there is nothing to see at an address.
QUERIES = {"sales-postings": "?currency=KRW"}


@dataclass
class World:
    """`values` by the name of what an address holds; ids by the part of the address before them."""

    values: dict[str, object] = field(default_factory=dict)
    # Instead, for a route by its name.
    special: dict[str, dict[str, object]] = field(default_factory=dict)

    def address(self, name: str, **other: object) -> str:
        """Of a route. `other` takes the place of some values."""
        route, _view = routes()[name]
        values, path = (
            self.values | self.special.get(name, {}) | other,
            re.sub(r"\^|\$", "", re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", route)),
        )
        for part in re.findall(r"<[^>]+>", path):
            name, before = part.strip("<>").rpartition(":")[2], path.partition(part)[0].strip("/").rpartition("/")[2]
            path = path.replace(part, str(values[name if name in values else before]), 1)
        return f"/{path}{QUERIES.get(name, '')}"


def made_for(alice: User, bob: User, charlie: User, mod: User) -> World:
    published = goods.published_of(alice)
    purchase = goods.bought(bob, published)
    dataset = purchase.version.dataset
    # A resolution on offer: the pictures are tiny.
    dataset.generator.recipe |= {"resolution": 32}
    dataset.generator.save()
    default_storage.save(f"jobs/{dataset.job.public_id}/previews/1.png", ContentFile(goods.picture(1)))
    source_set, image = an_open_set(alice)
    upload = source_set.uploads.create(file_name="a.zip", size=1, part_size=1)
    refused = decisions.decide(goods.submitted_of(alice, dataset).in_review, mod, "reject", "words")
    file = delivery.bundles(purchase)[0]
    link = delivery.link(purchase, "bundle", file)
    takedown, taken = a_takedown(alice, bob, mod)
    values: dict[str, object] = {
        "source-sets": source_set.public_id, "upload_id": upload.public_id, "parts": 1, "index": 0,
        "jobs": dataset.job.public_id, "previews": 1, "generators": dataset.generator.public_id,
        "datasets": dataset.public_id, "bundles": 1, "kind": "bundle", "name": file.name,
        "listings": published.public_id, "code": goods.licence().code, "version": goods.licence().version,
        "sellers": alice.public_id, "follows": alice.public_id, "wishes": published.public_id,
        "questions": questions.ask(bob, published, "How many?").pk,
        "library": purchase.public_id, "purchases": purchase.public_id, "reviews": reviews.write(purchase, 5).pk,
        "sales": purchase.public_id, "payouts": a_payout(alice).public_id, "currency": "KRW", "figure": "net",
        "pot": "payable",
        "payments": purchase.public_id, "provider": "test", "token": link.split("/downloads/")[1].partition("/")[0],
        "notices": notices.report(published, "other", reporter=charlie, text="Look.").public_id,
        "takedowns": takedown.pk, "decisions": refused.pk, "suspensions": a_suspension(alice, mod).pk,
        "notifications": a_notification(alice), "tokens": ApiToken.issue(alice, "another", ["read"])[0].public_id,
        "pk": image.pk, "image_id": image.pk, "key": "wrong", "uidb36": "1",
    }  # fmt: skip
    return World(values, {"takedown-refund": {"purchases": taken.public_id}})


def an_open_set(owner: User) -> tuple[SourceSet, SourceImage]:
    row = SourceSet.objects.create(owner=owner, name="Coats")
    row.declare({"owns_rights": True, "no_recognisable_people": True})
    key = default_storage.save(f"{row.folder}/0.png", ContentFile(goods.picture(0)))
    image = row.images.create(number=0, file_name="0.png", verdict="accepted", key=key, pixel_sha256="e" * 64)
    return row, image


def a_payout(seller: User) -> Payout:
    account = PayoutAccount.objects.create(
        owner=seller, currency="KRW", bank="A bank", holder=seller.name, number="sealed", last_digits="1234"
    )
    return Payout.objects.create(seller=seller, account=account, amount=1, currency="KRW")


def a_takedown(seller: User, buyer: User, by: User) -> tuple[Takedown, Purchase]:
    """And a purchase of it."""
    legal = {"work": "A book.", "good_faith": True, "accurate": True, "signature": "A. Author"}
    listing = goods.published_of(seller)
    purchase = goods.bought(buyer, listing, "two")
    case = notices.report(listing, "copyright", reporter=None, text="Mine.", **legal)
    return takedowns.take_down(case, by, "Yes."), purchase


def a_suspension(person: User, by: User) -> Suspension:
    """Lifted, so that it stands in nobody's way."""
    until = timezone.now() + timedelta(days=1)
    row = suspensions.impose(person, "buy", reason="A test.", until=until, by=by)
    suspensions.lift(row, by=by)
    return row


def a_notification(reader: User) -> int:
    notifications.tell(reader.pk, "sale", "Shirts", "/studio/sales/")
    return reader.notifications.latest("pk").pk


def for_staff(seller: User, by: User) -> None:
    """What only staff have pages of."""
    now = timezone.now()
    blocks.block(["a" * 64], by, "Not ours.")
    Flag.objects.create(owner=seller, digest="a" * 64)
    appeals.appeal(Decision.objects.get(outcome="reject"), seller, "It says all.")
    SellerProfile.objects.create(user=seller, is_business=True, business_name="Alice and Co.")
    EmailAddress.objects.create(user=seller, email=seller.email)
    PayoutHold.objects.create(seller=seller, reason="A look.", imposed_by=by, review_at=now)
    purchase = Purchase.objects.filter(state="paid").earliest("pk")
    refunds.refund(Purchase.objects.latest("pk"), "staff")
    Chargeback.objects.create(purchase=purchase, reference="c", amount=1, currency="KRW", opened_at=now)
    PaymentEvent.objects.create(provider="test", event_id="e", kind="paid", payload={})
    Reconciliation.objects.create(day=now.date(), checked=1)
    job = GenerationJob.objects.get(dataset__listing_versions__purchases=purchase)
    claims.add(JobTask.Kind.TRAIN, job=job)
    events.record(job, "stage", {})


@cache
def routes() -> dict[str, tuple[str, URLPattern]]:
    """By name: the address and its view, of everything that the site answers."""
    found: dict[str, tuple[str, URLPattern]] = {}
    for name, route, pattern in under(get_resolver().url_patterns, "", ""):
        # Django's admin and django-rq name a few addresses twice.
        found[name if name not in found else f"{name} {route}"] = (route, pattern)
    return found


def under(patterns: list[URLPattern | URLResolver], prefix: str, space: str) -> Iterator[tuple[str, str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from under(pattern.url_patterns, route, f"{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield f"{space}{pattern.name or route}", route, pattern
