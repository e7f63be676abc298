"""Staff decide about a version that waits in review: once, with reasons, by a conditional UPDATE."""

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings import publishing
from marketplace.listings.models import Listing, ListingVersion

from .models import Decision

Outcome = Decision.Outcome
State = Listing.State


class DecisionRefused(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def decide(version: ListingVersion, moderator: User, outcome: str, reason_code: str = "", reason: str = "") -> Decision:
    check(version, moderator, outcome, reason_code, reason.strip())
    decision = Decision(
        version=version, moderator=moderator, outcome=outcome, reason_code=reason_code, reason=reason.strip()
    )
    # Writing what is sold reads all images, so it is done before the transaction; done twice it does no harm.
    tails = publishing.build_tails(version) if outcome == Outcome.APPROVE else []
    with transaction.atomic():
        won = publishing.put_on_sale(version, tails) if outcome == Outcome.APPROVE else reject(version)
        if not won:
            raise DecisionRefused("", _("This version no longer waits for a decision. Reload the page."))
        decision.save()
    version.listing.refresh_from_db()
    return decision


def check(version: ListingVersion, moderator: User, outcome: str, reason_code: str, reason: str) -> None:
    if not may_decide(moderator):
        raise DecisionRefused("", _("Only staff who moderate can decide."))
    if version.listing.seller_id == moderator.pk:
        raise DecisionRefused("", _("Nobody decides about their own listing."))
    if outcome not in Outcome.values:
        raise DecisionRefused("outcome", _("Approve or reject."))
    if reason_code not in Decision.ReasonCode.values:
        raise DecisionRefused("reason_code", _("Choose one of the reason codes."))
    if outcome == Outcome.REJECT and not reason_code:
        raise DecisionRefused("reason_code", _("A rejection needs a reason code."))
    if outcome == Outcome.REJECT and not reason:
        raise DecisionRefused("reason", _("Tell the seller what to change."))


def may_decide(user: User | AnonymousUser) -> bool:
    return user.is_active and user.is_staff and user.has_perm("moderation.add_decision")


def reject(version: ListingVersion) -> bool:
    """A listing whose earlier version is on sale stays so."""
    waiting = Listing.objects.filter(pk=version.listing_id, in_review=version)
    state = Case(When(state=State.IN_REVIEW, then=Value(State.REJECTED.value)), default=F("state"))
    return bool(waiting.update(in_review=None, state=state))
