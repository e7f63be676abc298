"""What people who bought a dataset say of it. Its listing's rating is kept in the same transaction, by difference."""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from generation import notifications
from generation.models import Notification
from marketplace.accounts.models import User
from marketplace.listings import search
from marketplace.listings.models import Listing

from .models import Purchase, Review

MARKS = {
    "as_described": gettext_lazy("matches the description"),
    "useful": gettext_lazy("useful for training"),
    "licence_clear": gettext_lazy("licence is clear"),
}
MAX_TEXT = 4_000


class ReviewRefused(Exception):
    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field


@dataclass(frozen=True)
class Mark:
    name: str
    yes: int
    asked: int

    @property
    def percent(self) -> int:
        return round(100 * self.yes / self.asked)


def of_listing(listing: Listing) -> QuerySet[Review]:
    """What everybody reads, newest first."""
    shown = Review.objects.filter(listing=listing, hidden_at__isnull=True)
    return shown.select_related("purchase__buyer", "purchase__version")


def marks(listing: Listing) -> list[Mark]:
    """How many said yes of those who answered at all."""
    counts: dict[str, Count] = {}
    for name in MARKS:
        counts[f"{name}_yes"] = Count("pk", filter=Q(**{name: True}))
        counts[f"{name}_asked"] = Count("pk", filter=Q(**{f"{name}__isnull": False}))
    totals = of_listing(listing).order_by().aggregate(**counts)
    found = [Mark(str(words), totals[f"{name}_yes"], totals[f"{name}_asked"]) for name, words in MARKS.items()]
    return [mark for mark in found if mark.asked]


def to_review(user: User, listing: Listing) -> Purchase | None:
    """What this person bought of the listing and has not reviewed, the newest version first."""
    paid = Purchase.objects.filter(buyer=user, version__listing=listing, state=Purchase.State.PAID)
    return paid.filter(review__isnull=True).order_by("-version__number").first()


def write(purchase: Purchase, rating: int, text: str = "", **marks: bool | None) -> Review:
    """One for each purchase; of two requests at once the second is refused."""
    if purchase.state != Purchase.State.PAID:
        raise ReviewRefused(_("Only what was paid for, and not refunded, can be reviewed."))
    now, listing = timezone.now(), purchase.version.listing
    given = said(rating, text, marks)
    try:
        with transaction.atomic():
            review = Review.objects.create(purchase=purchase, listing=listing, **given)
            # Equal as long as it was not changed.
            Review.objects.filter(pk=review.pk).update(created_at=now, updated_at=now)
            count(listing.pk, 1, rating)
            tell_seller(review)
    except IntegrityError:
        raise ReviewRefused(_("You have reviewed this already.")) from None
    review.refresh_from_db()
    return review


def change(review: Review, rating: int, text: str = "", **marks: bool | None) -> Review:
    """Once. What the rating was decides by how much the listing's changes, so it must still be that."""
    unchanged = Review.objects.filter(pk=review.pk, updated_at=F("created_at"), rating=review.rating)
    with transaction.atomic():
        if not unchanged.update(**said(rating, text, marks), updated_at=timezone.now()):
            raise ReviewRefused(_("A review can be changed once, and this one was."))
        if review.hidden_at is None:
            count(review.listing_id, 0, rating - review.rating)
    review.refresh_from_db()
    return review


def said(rating: int, text: str, marks: dict[str, bool | None]) -> dict[str, Any]:  # Any: columns of Review
    if not 1 <= rating <= 5:
        raise ReviewRefused(_("Give one to five stars."), "rating")
    if len(text) > MAX_TEXT:
        raise ReviewRefused(_("A review has at most %(most)d characters.") % {"most": MAX_TEXT}, "text")
    return {"rating": rating, "text": text.strip(), **{name: marks.get(name) for name in MARKS}}


def answer(review: Review, text: str) -> bool:
    """The seller's word on it; written anew it replaces the last, and the buyer is told of the first."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise ReviewRefused(_("Write an answer of at most %(most)d characters.") % {"most": MAX_TEXT}, "answer")
    with transaction.atomic():
        first = Review.objects.filter(pk=review.pk, answered_at__isnull=True)
        told = bool(first.update(answer=text, answered_at=timezone.now()))
        if told:
            tell_buyer(review, text)
        else:
            Review.objects.filter(pk=review.pk).update(answer=text, answered_at=timezone.now())
    review.refresh_from_db()
    return told


def hide(review: Review) -> bool:
    """By staff, or because the purchase was refunded. False if it was hidden already."""
    return turn(review, hidden=True)


def show(review: Review) -> bool:
    return turn(review, hidden=False)


def turn(review: Review, hidden: bool) -> bool:
    with transaction.atomic():
        other = Review.objects.filter(pk=review.pk, hidden_at__isnull=hidden)
        won = bool(other.update(hidden_at=timezone.now() if hidden else None))
        review.refresh_from_db()
        if won:
            sign = -1 if hidden else 1
            count(review.listing_id, sign, sign * review.rating)
    return won


def hide_refunded(purchase: Purchase) -> None:
    """Whoever got the money back is no buyer any more."""
    review = Review.objects.filter(purchase=purchase).first()
    if review is not None:
        hide(review)


def count(listing_id: int, reviews: int, stars: int) -> None:
    Listing.objects.filter(pk=listing_id).update(
        rating_count=F("rating_count") + reviews, rating_sum=F("rating_sum") + stars
    )
    search.rank(listing_id)


def tell_seller(review: Review) -> None:
    listing, version = review.listing, review.purchase.version
    details = {"rating": review.rating, "text": review.text[:300]}
    address = listing.get_absolute_url() + "#reviews"
    notifications.tell(listing.seller_id, Notification.Kind.REVIEW, version.title, address, **details)


def tell_buyer(review: Review, text: str) -> None:
    purchase = review.purchase
    details = {"rating": review.rating, "answer": text[:300]}
    address = reverse("purchase", args=[purchase.public_id])
    notifications.tell(purchase.buyer_id, Notification.Kind.REVIEW, purchase.version.title, address, **details)
