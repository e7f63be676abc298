"""From a notice that is agreed with to a listing that is down, answered, and back on a date or down for good."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import background
from marketplace.accounts.models import User
from marketplace.listings.models import ListingVersion
from marketplace.purchases.models import Purchase

from . import audit, decisions, notices, telling
from .models import Decision, Notice, Takedown

State = Takedown.State
Outcome = Decision.Outcome
# How long the seller may answer, and how long after that the other side has to show a lawsuit.
ANSWER_DAYS, RETURN_DAYS = 30, 14


class TakedownRefused(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def take_down(case: Notice, by: User, answer: str, reason: str = "") -> Takedown:
    """Stops the listing, closes the case and tells both sides and the buyers, or does nothing of it."""
    version = case.listing.current
    if version is None:
        raise TakedownRefused("", _("This listing is not on sale."))
    with transaction.atomic():
        notices.close(case, Notice.State.UPHELD, by=by, answer=answer)
        decision = decisions.decide(version, by, Outcome.SUSPEND, Decision.ReasonCode.LEGAL, reason)
        row = Takedown.objects.create(
            notice=case,
            listing=case.listing,
            decision=decision,
            answer_until=timezone.now() + timedelta(days=ANSWER_DAYS),
        )
        audit.note(by, "takedown.stopped", row, after={"listing": str(case.listing.public_id)}, why=answer)
        tell(row)
        offer_refunds(row)
    return row


def counter(row: Takedown, seller: User, text: str, signature: str) -> None:
    """The seller says that it was wrong: the other side hears of it, with the date of the return."""
    if row.listing.seller_id != seller.pk:
        raise TakedownRefused("", _("Only the seller can answer."))
    if not text.strip() or not signature.strip():
        raise TakedownRefused("text" if not text.strip() else "signature", _("Say why, and sign with your name."))
    now = timezone.now()
    stopped = Takedown.objects.filter(pk=row.pk, state=State.STOPPED, answer_until__gt=now)
    with transaction.atomic():
        if not stopped.update(
            state=State.COUNTERED,
            counter_notice=text.strip(),
            counter_signature=signature.strip(),
            countered_at=now,
            restore_at=now + timedelta(days=RETURN_DAYS),
        ):
            raise TakedownRefused("", _("It was answered already, or the time for it is over."))
        row.refresh_from_db()
        audit.note(seller, "takedown.countered", row, after={"restore_at": row.restore_at})
        tell(row)


def lawsuit(row: Takedown, by: User, court: str) -> None:
    """Shown before the date, it keeps the listing down."""
    if not notices.may_decide(by) or row.listing.seller_id == by.pk:
        raise TakedownRefused("", _("Only staff who moderate can decide."))
    if not court.strip():
        raise TakedownRefused("lawsuit", _("Name the court and the number of the lawsuit."))
    with transaction.atomic():
        if not end(row, (State.STOPPED, State.COUNTERED), State.LAWSUIT, lawsuit=court.strip()):
            raise TakedownRefused("", _("This takedown has ended already."))
        audit.note(by, "takedown.lawsuit", row, why=court.strip())
        tell(row)


def sweep() -> int:
    """What a date brings: listings return, time to answer runs out. Each in a transaction of its own."""
    now = timezone.now()
    due = Takedown.objects.filter(state=State.COUNTERED, restore_at__lte=now)
    late = Takedown.objects.filter(state=State.STOPPED, answer_until__lte=now)
    returned = [bring_back(row) for row in due.select_related("listing__seller", "decision", "notice__reporter")]
    return sum(returned) + sum(finish(row) for row in late.select_related("listing__seller", "notice__reporter"))


@transaction.atomic
def bring_back(row: Takedown) -> bool:
    """Only if the takedown is still the last that a person decided: what they decided since stands."""
    untouched = decisions.last_of(row.listing) == row.decision and row.listing.current is not None
    state = State.RESTORED if untouched else State.OVERRULED
    if not end(row, (State.COUNTERED,), state):
        return False
    if untouched:
        assert row.listing.current is not None
        try:
            with transaction.atomic():
                decisions.write(row.listing.current, None, Outcome.RESTORE, Decision.ReasonCode.LEGAL)
        except decisions.TooLate:
            end(row, (State.RESTORED,), State.OVERRULED)
    audit.note(None, f"takedown.{row.state}", row)
    tell(row)
    return True


@transaction.atomic
def finish(row: Takedown) -> bool:
    if not end(row, (State.STOPPED,), State.FINAL):
        return False
    audit.note(None, "takedown.final", row)
    tell(row)
    return True


def end(row: Takedown, states: tuple[State, ...], state: State, **fields: object) -> bool:
    moved = Takedown.objects.filter(pk=row.pk, state__in=states)
    won = bool(moved.update(state=state, ended_at=timezone.now(), **fields))
    row.refresh_from_db()
    return won


def tell(row: Takedown) -> None:
    """Both sides, in the transaction of the change."""
    title = row.listing.current.title if row.listing.current else str(row.listing)
    facts = {"date": row.restore_at.isoformat() if row.restore_at else ""}
    telling.note(row.listing.seller, f"takedown_{row.state}", title, "takedown", row.pk, **facts)
    if row.notice.reporter is not None:
        place = ("notice", row.notice.public_id)
        telling.note(row.notice.reporter, f"claim_{row.state}", title, *place, **facts)
    background.later(telling.of_takedown, row.pk, otherwise=telling.of_takedown)


def down(version: ListingVersion) -> Takedown | None:
    """While it is down for legal reasons, a version is delivered to nobody."""
    return Takedown.objects.filter(listing=version.listing_id, state__in=Takedown.DOWN).first()


def bought(row: Takedown) -> QuerySet[Purchase]:
    paid = Purchase.objects.filter(version__listing=row.listing, state=Purchase.State.PAID)
    return paid.select_related("buyer", "version")


def offer_refunds(row: Takedown) -> None:
    for purchase in bought(row).iterator():
        telling.note(purchase.buyer, "refund_offered", purchase.version.title, "takedown-refund", purchase.public_id)


def why_not_delivered(version: ListingVersion) -> str:
    if down(version) is None:
        return ""
    return _("This dataset was taken down after a notice, so it can't be downloaded now. You can have your money back.")
