"""Staff decide about a version that waits in review: once, with reasons, by a conditional UPDATE."""

from collections.abc import Callable
from datetime import date, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketplace.accounts import background
from marketplace.accounts.models import User
from marketplace.listings import publishing, search
from marketplace.listings.models import Listing, ListingVersion

from . import audit, standard_words, telling
from .models import Decision

Outcome = Decision.Outcome
State = Listing.State
NEED_REASON = Decision.REFUSALS
FIX_DAYS = 14
# As notifications name it.
TOLD = {"reject": "rejected", "suspend": "suspended", "restore": "restored"}


class DecisionRefused(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class TooLate(DecisionRefused):
    """Somebody was faster: another member of staff, or the seller who withdrew. Nothing was written."""

    def __init__(self, version: ListingVersion, outcome: str) -> None:
        super().__init__("", faster(version, outcome) or _("The listing has changed since you opened this page."))


def faster(version: ListingVersion, outcome: str) -> str:
    """Who decided about the same before, in words."""
    earlier = Decision.objects.filter(version=version).select_related("moderator").first()
    if earlier is None or outcome not in Decision.OF_REVIEW:
        return ""
    told = {"moderator": earlier.moderator, "decision": earlier.get_outcome_display()}
    return _("%(moderator)s decided first: %(decision)s. Nothing of yours was saved.") % told


def decide(
    version: ListingVersion,
    moderator: User,
    outcome: str,
    reason_code: str = "",
    reason: str = "",
    fix: str = "",
    deadline: date | None = None,
) -> Decision:
    """Without a reason, a refusal says what is usual for its code, in the seller's language."""
    check(version, moderator, outcome, reason_code, deadline)
    return write(version, moderator, outcome, reason_code, reason, fix, deadline)


def freeze(version: ListingVersion, moderator: User, reason: str = "") -> Decision:
    """Off sale at once, before anybody has looked into it. Who bought it keeps it."""
    return decide(version, moderator, Outcome.SUSPEND, Decision.ReasonCode.URGENT, reason)


def write(
    version: ListingVersion,
    moderator: User | None,
    outcome: str,
    code: str = "",
    reason: str = "",
    fix: str = "",
    deadline: date | None = None,
) -> Decision:
    """`moderator` is None where a date came that a person had set."""
    before = state_of(version)
    decision = worded(Decision(version=version, moderator=moderator, outcome=outcome, reason_code=code), reason, fix)
    decision.deadline = deadline or (timezone.localdate() + timedelta(FIX_DAYS) if outcome == Outcome.REJECT else None)
    with transaction.atomic():
        if not MOVES[Outcome(outcome)](version):
            raise TooLate(version, outcome)
        search.index(version.listing)
        decision.save()
        after = state_of(version) | {"decision": decision.pk}
        why = f"{code}: {decision.reason}" if code else decision.reason
        audit.note(moderator, f"listing.{outcome}", version.listing, before=before, after=after, why=why)
        # What was approved is told when it is on sale, what was taken down with all that follows from it.
        if outcome != Outcome.APPROVE and code != Decision.ReasonCode.LEGAL:
            place = ("listing-edit", version.listing.public_id)
            telling.decided(version.listing.seller, TOLD[outcome], version.title, *place, reason=decision.reason)
            background.later(telling.of_decision, decision.pk, otherwise=telling.of_decision)
    version.listing.refresh_from_db()
    return decision


def worded(decision: Decision, reason: str, fix: str) -> Decision:
    refusal = decision.outcome in NEED_REASON
    with translation.override(decision.version.listing.seller.language):
        decision.reason = reason.strip() or (standard_words.why(decision.reason_code) if refusal else "")
        decision.fix = fix.strip() or (standard_words.remedy(decision.reason_code) if refusal else "")
    return decision


def state_of(version: ListingVersion) -> dict[str, object]:
    row = Listing.objects.filter(pk=version.listing_id).values("state", "approved_at").get()
    return {"version": version.number, "state": row["state"], "approved": row["approved_at"] is not None}


def open_for(version: ListingVersion) -> list[Outcome]:
    """What can be decided about the version now."""
    listing = version.listing
    if listing.in_review_id == version.pk:
        return [] if listing.approved_at else Decision.OF_REVIEW
    on_shelf = {State.PUBLISHED: [Outcome.SUSPEND], State.SUSPENDED: [Outcome.RESTORE]}
    return on_shelf.get(State(listing.state), []) if listing.current_id == version.pk else []


def check(version: ListingVersion, moderator: User, outcome: str, reason_code: str, deadline: date | None) -> None:
    if not may_decide(moderator):
        raise DecisionRefused("", _("Only staff who moderate can decide."))
    if version.listing.seller_id == moderator.pk:
        raise DecisionRefused("", _("Nobody decides about their own listing."))
    if outcome not in Outcome.values:
        raise DecisionRefused("outcome", _("Choose one of the decisions."))
    if reason_code not in Decision.ReasonCode.values:
        raise DecisionRefused("reason_code", _("Choose one of the reason codes."))
    if outcome in NEED_REASON and not reason_code:
        raise DecisionRefused("reason_code", _("A rejection needs a reason code."))
    if deadline and deadline <= timezone.localdate():
        raise DecisionRefused("deadline", _("The day until which something is to be fixed lies in the future."))


def may_decide(user: User | AnonymousUser) -> bool:
    return user.is_active and user.is_staff and user.has_perm("moderation.add_decision")


def reject(version: ListingVersion) -> bool:
    """A listing whose earlier version is on sale stays so."""
    waiting = Listing.objects.filter(pk=version.listing_id, in_review=version, approved_at__isnull=True)
    state = Case(When(state=State.IN_REVIEW, then=Value(State.REJECTED.value)), default=F("state"))
    return bool(waiting.update(in_review=None, state=state))


def suspend(version: ListingVersion) -> bool:
    """Off sale until staff restore it; what waited in review waits no longer. Who bought it keeps it."""
    shown = Listing.objects.filter(pk=version.listing_id, state=State.PUBLISHED, current=version)
    return bool(shown.update(state=State.SUSPENDED, in_review=None, approved_at=None))


def restore(version: ListingVersion) -> bool:
    suspended = Listing.objects.filter(pk=version.listing_id, state=State.SUSPENDED, current=version)
    return bool(suspended.update(state=State.PUBLISHED))


def last_of(listing: Listing) -> Decision | None:
    return Decision.objects.filter(version__listing=listing).first()


MOVES: dict[Outcome, Callable[[ListingVersion], bool]] = {
    Outcome.APPROVE: publishing.approve,
    Outcome.REJECT: reject,
    Outcome.SUSPEND: suspend,
    Outcome.RESTORE: restore,
}
