"""Staff decide about a version that waits in review: once, with reasons, by a conditional UPDATE."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts import background, letters
from marketplace.accounts.models import User
from marketplace.listings import publishing
from marketplace.listings.models import Listing, ListingVersion

from .models import Decision

Outcome = Decision.Outcome
State = Listing.State
NEED_REASON = (Outcome.REJECT, Outcome.SUSPEND)


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


def decide(version: ListingVersion, moderator: User, outcome: str, reason_code: str = "", reason: str = "") -> Decision:
    check(version, moderator, outcome, reason_code, reason.strip())
    decision = Decision(
        version=version, moderator=moderator, outcome=outcome, reason_code=reason_code, reason=reason.strip()
    )
    with transaction.atomic():
        if not MOVES[Outcome(outcome)](version):
            raise TooLate(version, outcome)
        decision.save()
        # What was approved is told when it is on sale.
        if outcome != Outcome.APPROVE:
            background.later(tell, decision.pk, otherwise=tell)
    version.listing.refresh_from_db()
    return decision


def open_for(version: ListingVersion) -> list[Outcome]:
    """What can be decided about the version now."""
    listing = version.listing
    if listing.in_review_id == version.pk:
        return [] if listing.approved_at else Decision.OF_REVIEW
    on_shelf = {State.PUBLISHED: [Outcome.SUSPEND], State.SUSPENDED: [Outcome.RESTORE]}
    return on_shelf.get(State(listing.state), []) if listing.current_id == version.pk else []


def check(version: ListingVersion, moderator: User, outcome: str, reason_code: str, reason: str) -> None:
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
    if outcome in NEED_REASON and not reason:
        raise DecisionRefused("reason", _("Tell the seller what to change."))


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


def tell(decision_id: int) -> None:
    """The seller hears by e-mail what was decided and why."""
    decision = Decision.objects.select_related("version__listing__seller").filter(pk=decision_id).first()
    if decision is not None:
        listing = decision.version.listing
        address = settings.SITE_URL + reverse("listing-edit", args=[listing.public_id])
        letters.write(listing.seller, "moderation/decided.txt", {"decision": decision, "edit_address": address})


MOVES: dict[Outcome, Callable[[ListingVersion], bool]] = {
    Outcome.APPROVE: publishing.approve,
    Outcome.REJECT: reject,
    Outcome.SUSPEND: suspend,
    Outcome.RESTORE: restore,
}
