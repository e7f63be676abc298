"""What sellers do with their listings before anyone else sees them, and how they take them back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from generation.models import Dataset
from marketplace.accounts.models import User

from . import declarations, readiness, rules, search
from .models import Licence, Listing, ListingVersion, Subject
from .rules import ListingRefused

__all__ = ["ListingRefused", "Stale", "create", "discard", "edit", "recall", "submit", "withdraw"]

State = Listing.State
WITHDRAWABLE = (State.DRAFT, State.IN_REVIEW, State.PUBLISHED, State.REJECTED)
# What an edit copies from the version before. What is new is told anew, once that was on sale.
COPIED = (
    "dataset", "licence", "title", "description", "tags", "subject", "price", "currency", "sample_seed", "declaration",
    "declaration_version",
)  # fmt: skip


class Stale(ListingRefused):
    """Somebody, or another window, changed the listing since: nothing was written."""

    def __init__(self) -> None:
        message = _("This listing was changed elsewhere since you opened it. Nothing of yours was saved yet.")
        super().__init__("updated_at", message)


def create(
    seller: User,
    dataset: Dataset,
    *,
    title: str,
    licence: Licence,
    price: int,
    currency: str = "KRW",
    description: str = "",
    tags: Iterable[str] = (),
    subject: str = Subject.OTHER,
    declaration: dict[str, Any] | None = None,
) -> Listing:
    check_seller(seller)
    check_dataset(seller, dataset)
    fields = {"title": title, "description": description, "tags": tags, "subject": subject, "licence": licence}
    money = {"price": price, "currency": currency}
    cleaned = clean(fields | money | {"declaration": declaration or {}}, currency, dataset)
    with transaction.atomic():
        listing = Listing.objects.create(seller=seller)
        ListingVersion.objects.create(listing=listing, dataset=dataset, sample_seed=sample_seed(dataset), **cleaned)
    return listing


def clean(fields: dict[str, Any], currency: str, dataset: Dataset) -> dict[str, Any]:
    """The fields as they are stored, with the text version of the questions that were answered."""
    cleaned = rules.clean(fields, currency)
    if "declaration" in cleaned:
        answers = declarations.clean(cleaned["declaration"])
        declarations.check(answers, dataset)
        cleaned |= {"declaration": answers, "declaration_version": declarations.VERSION if answers else ""}
    return cleaned


def check_dataset(seller: User, dataset: Dataset) -> None:
    if dataset.owner_id != seller.pk:
        raise ListingRefused("dataset", _("Only the owner of a dataset can sell it."))
    rules.check_dataset(dataset)


def check_seller(seller: User) -> None:
    if not seller.has_perm("listings.add_listing"):
        raise ListingRefused("", _("Selling is suspended for this account."))


def sample_seed(dataset: Dataset) -> int:
    """The same for every listing of a dataset, and not to be guessed before: no seller can pick the free sample."""
    return int(salted_hmac("listings.sample_seed", dataset.content_hash).hexdigest()[:13], 16)


def edit(listing: Listing, *, updated_at: datetime | None = None, **fields: Any) -> ListingVersion:
    """Changes the draft. A sealed version is left as it is and a new one is begun.

    `updated_at` is what the editor saw: if somebody, or another window, changed the draft since, it is refused.
    """
    check_seller(listing.seller)
    latest = listing.versions.select_related("dataset", "licence").order_by("-number").first()
    if latest is None or listing.state == State.SUSPENDED:
        raise ListingRefused("", _("This listing can't be edited."))
    if listing.in_review_id == latest.pk:
        raise ListingRefused("", _("This version is in review. Wait for the decision, or take it back to edit."))
    dataset = fields.get("dataset", latest.dataset)
    if dataset.pk != latest.dataset_id:
        check_dataset(listing.seller, dataset)
        # What was declared was declared of other images.
        fields = {"declaration": {}} | fields | {"sample_seed": sample_seed(dataset)}
    cleaned = clean(fields, latest.currency, dataset)
    if updated_at is not None and updated_at != latest.updated_at:
        raise Stale
    if latest.sealed_at is None:
        return change(latest, cleaned)
    if latest.pk == listing.current_id and listing.state == State.PUBLISHED and unchanged(latest, cleaned):
        return latest
    return begin_version(listing, latest, cleaned)


def unchanged(version: ListingVersion, cleaned: dict[str, Any]) -> bool:
    return all(cleaned[name] == getattr(version, name) for name in COPIED if name in cleaned)


def change(draft: ListingVersion, cleaned: dict[str, Any]) -> ListingVersion:
    unchanged_since = ListingVersion.objects.filter(pk=draft.pk, sealed_at__isnull=True, updated_at=draft.updated_at)
    if not unchanged_since.update(**cleaned, updated_at=timezone.now()):
        raise Stale
    draft.refresh_from_db()
    return draft


def begin_version(listing: Listing, last: ListingVersion, cleaned: dict[str, Any]) -> ListingVersion:
    copied = COPIED if last.pk == listing.current_id else (*COPIED, "changes")
    columns = {name: getattr(last, name) for name in copied} | cleaned
    try:
        with transaction.atomic():
            version = ListingVersion.objects.create(listing=listing, number=last.number + 1, **columns)
            again = Listing.objects.filter(pk=listing.pk, state__in=(State.REJECTED, State.WITHDRAWN))
            again.update(state=State.DRAFT)
    except IntegrityError:
        raise Stale from None
    listing.refresh_from_db()
    return version


def submit(listing: Listing) -> bool:
    """Seals the draft and puts it before staff. False if another request did so first."""
    check_seller(listing.seller)
    draft = listing.latest
    if draft is None or draft.sealed_at:
        raise ListingRefused("", _("There is nothing new to submit: edit the listing first."))
    for point in readiness.missing(draft):
        raise ListingRefused(point.field, point.text)
    with transaction.atomic():
        moved = seal(draft) and queue(listing, draft)
        transaction.set_rollback(not moved)
    listing.refresh_from_db()
    return moved


def seal(draft: ListingVersion) -> bool:
    unsealed = ListingVersion.objects.filter(pk=draft.pk, sealed_at__isnull=True)
    return bool(unsealed.update(sealed_at=timezone.now(), licence_sha256=draft.licence.text_sha256))


def queue(listing: Listing, version: ListingVersion) -> bool:
    idle = Listing.objects.filter(
        pk=listing.pk, in_review__isnull=True, state__in=(State.DRAFT, State.REJECTED, State.PUBLISHED)
    )
    # A published listing stays on sale while its next version is looked at.
    state = Case(When(state=State.PUBLISHED, then=F("state")), default=Value(State.IN_REVIEW.value))
    return bool(idle.update(in_review=version, state=state))


def recall(listing: Listing) -> bool:
    """Takes the next version of a listing that is on sale out of review. The one before stays on sale."""
    waiting = Listing.objects.filter(pk=listing.pk, state=State.PUBLISHED, in_review__isnull=False)
    moved = waiting.filter(approved_at__isnull=True).update(in_review=None)
    listing.refresh_from_db()
    return bool(moved)


def withdraw(listing: Listing) -> bool:
    """Takes the listing off sale and out of review. Whoever bought it keeps it."""
    withdrawable = Listing.objects.filter(pk=listing.pk, state__in=WITHDRAWABLE)
    moved = withdrawable.update(state=State.WITHDRAWN, in_review=None, approved_at=None)
    search.drop(listing)
    listing.refresh_from_db()
    return bool(moved)


def discard(listing: Listing) -> bool:
    """Deletes the draft: all of a listing that nobody else ever saw, or what is new since the last version."""
    draft = listing.latest
    if draft is None or draft.sealed_at:
        return False
    with transaction.atomic():
        deleted, _rows = ListingVersion.objects.filter(pk=draft.pk, sealed_at__isnull=True).delete()
        if deleted and draft.number == 1:
            listing.delete()
        elif deleted:
            fall_back(listing)
    return bool(deleted)


def fall_back(listing: Listing) -> None:
    """Without its draft a listing is again what its last version made of it."""
    last = listing.latest
    rejected = last is not None and last.decisions.filter(outcome="reject").exists()
    drafted = Listing.objects.filter(pk=listing.pk, state=State.DRAFT)
    drafted.update(state=State.REJECTED if rejected else State.WITHDRAWN)
    listing.refresh_from_db()
