"""Somebody asks for a second look, and another person gives it."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import background
from marketplace.accounts.models import User
from marketplace.listings.models import Listing, ListingVersion

from . import audit, decisions, suspensions, telling
from .models import Appeal, Decision, Suspension

Outcome = Decision.Outcome
MAX_LENGTH = 4_000


class AppealRefused(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def appeal(about: Decision | Suspension, author: User, text: str) -> Appeal:
    if not text.strip():
        raise AppealRefused("text", _("Say why the decision was wrong."))
    if not about.can_be_appealed:
        raise AppealRefused("", _("This can't be appealed, or not any more."))
    named = {"decision": about} if isinstance(about, Decision) else {"suspension": about}
    try:
        with transaction.atomic():
            return Appeal.objects.create(author=author, text=text.strip(), **named)
    except IntegrityError:
        raise AppealRefused("", _("This was appealed already.")) from None


def may_decide(row: Appeal, person: User) -> bool:
    allowed = person.is_active and person.is_staff and person.has_perm("moderation.change_appeal")
    return allowed and person.pk not in (row.against, row.author_id)


def decide(row: Appeal, person: User, *, granted: bool, answer: str) -> Appeal:
    """Granted, it takes effect in the same transaction; where the listing has moved on since, in words alone."""
    if not may_decide(row, person):
        raise AppealRefused("", _("An appeal is decided by another person than the one whose decision it is about."))
    if not answer.strip():
        raise AppealRefused("answer", _("Tell the person why."))
    state = Appeal.State.GRANTED if granted else Appeal.State.DENIED
    with transaction.atomic():
        waiting = Appeal.objects.filter(pk=row.pk, state=Appeal.State.OPEN)
        told = {"answer": answer.strip(), "decided_by": person, "decided_at": timezone.now()}
        if not waiting.update(state=state, **told):
            raise AppealRefused("", _("Somebody decided about this appeal first."))
        done = grant(row, person, answer.strip()) if granted else False
        audit.note(person, f"appeal.{state}", row, after={"took_effect": done, "about": about(row)}, why=answer.strip())
        outcome = "overturned" if granted else "upheld"
        telling.decided(row.author, outcome, title(row), *place(row), reason=answer.strip())
        background.later(telling.of_appeal, row.pk, otherwise=telling.of_appeal)
    row.refresh_from_db()
    return row


def about(row: Appeal) -> str:
    return audit.named(row.decision or row.suspension)  # type: ignore[arg-type]  # one of the two, by a constraint


def title(row: Appeal) -> str:
    return row.decision.version.title if row.decision else str(row.suspension and row.suspension.get_ability_display())


def place(row: Appeal) -> tuple[Any, ...]:  # Any: name and arguments of a view
    if row.decision is None:
        return ("suspensions",)
    return "listing-edit", row.decision.version.listing.public_id


def grant(row: Appeal, person: User, answer: str) -> bool:
    if row.suspension is not None:
        return suspensions.lift(row.suspension, by=person, why=answer)
    assert row.decision is not None
    version = row.decision.version
    outcome = Outcome.APPROVE if row.decision.outcome == Outcome.REJECT else Outcome.RESTORE
    if decisions.last_of(version.listing) != row.decision or (outcome == Outcome.APPROVE and not put_back(version)):
        return False
    try:
        with transaction.atomic():
            decisions.write(version, person, outcome, reason=answer)
    except decisions.TooLate:
        return False
    return True


def put_back(version: ListingVersion) -> bool:
    """Into review, if the seller has begun nothing newer."""
    State = Listing.State
    idle = Listing.objects.filter(
        pk=version.listing_id, in_review__isnull=True, state__in=(State.REJECTED, State.PUBLISHED)
    )
    if version.listing.latest != version:
        return False
    state = Case(When(state=State.PUBLISHED, then=F("state")), default=Value(State.IN_REVIEW.value))
    return bool(idle.update(in_review=version, state=state))
