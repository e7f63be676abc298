"""What people hear of decisions about them: a line in their list at once, a letter after commit."""

from typing import Any  # as a detail: JSON values

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import models
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from generation import notifications
from marketplace.accounts import letters
from marketplace.accounts.models import User

from .models import Appeal, Decision, Notice, Suspension, Takedown

# A link in a letter to somebody who can't sign in.
SALT, LINK_DAYS = "moderation.appeal", 30


def decided(reader: User, outcome: str, title: str, view: str, *args: object, **details: Any) -> None:
    """`outcome` is one that notifications/sentence.txt knows."""
    notifications.tell(reader.pk, "decision", str(title), reverse(view, args=args), outcome=outcome, **details)


def note(reader: User, what: str, title: str, view: str, *args: object, **details: Any) -> None:
    """`what` is one that moderation/told.txt knows."""
    notifications.tell(reader.pk, "notice", str(title), reverse(view, args=args), what=what, **details)


def link(view: str, *args: object) -> str:
    return settings.SITE_URL + reverse(view, args=args)


def key(suspension: Suspension) -> str:
    """Lets whoever holds the letter appeal without signing in."""
    return signing.dumps(suspension.pk, salt=SALT)


def by_key(text: str) -> int | None:
    try:
        return int(signing.loads(text, salt=SALT, max_age=LINK_DAYS * 86_400))
    except signing.BadSignature:
        return None


def of_decision(decision_id: int) -> None:
    """The seller hears by e-mail what was decided and why."""
    decision = found(Decision.objects.select_related("version__listing__seller"), decision_id)
    if decision is not None:
        listing = decision.version.listing
        appeal = link("appeal-new", decision.pk) if decision.can_be_appealed else ""
        context = {"decision": decision, "edit_address": link("listing-edit", listing.public_id), "appeal": appeal}
        letters.write(listing.seller, "moderation/letters/decided.txt", context)


def of_suspension(suspension_id: int) -> None:
    row = found(Suspension.objects.select_related("user"), suspension_id)
    if row is not None:
        context = {"suspension": row, "page": link("suspensions") + f"?key={key(row)}"}
        letters.write(row.user, "moderation/letters/suspended.txt", context)


def of_appeal(appeal_id: int) -> None:
    row = found(Appeal.objects.select_related("author", "decision__version__listing", "suspension"), appeal_id)
    if row is not None:
        letters.write(row.author, "moderation/letters/appealed.txt", {"appeal": row, "page": address(row)})


def address(appeal: Appeal) -> str:
    if appeal.decision is not None:
        return link("listing-edit", appeal.decision.version.listing.public_id)
    return link("suspensions")


def of_notice(notice_id: int) -> None:
    """Everybody who reported the same: received, or how it ended."""
    case = found(Notice.objects.select_related("listing__seller", "reporter"), notice_id)
    if case is not None:
        cases = [case] if case.state == Notice.State.OPEN else [case, *case.merged.select_related("reporter")]
        for one in cases:
            to_reporter(one, "moderation/letters/notice.txt", {"case": case, "page": link("notice", one.public_id)})


def of_takedown(takedown_id: int) -> None:
    """Both sides, of whatever state it is in now."""
    row = found(Takedown.objects.select_related("notice__reporter", "listing__seller", "listing__current"), takedown_id)
    if row is not None:
        seller = {"takedown": row, "page": link("takedown", row.pk), "side": "seller"}
        letters.write(row.listing.seller, "moderation/letters/takedown.txt", seller)
        reporter = seller | {"page": link("notice", row.notice.public_id), "side": "reporter"}
        to_reporter(row.notice, "moderation/letters/takedown.txt", reporter)


def to_reporter(notice: Notice, template: str, context: dict[str, Any]) -> None:  # Any: as Django's templates take it
    """In the language in which they wrote. Who left no address reads it on the page of the receipt."""
    context = context | {"notice": notice}
    if notice.reporter is not None:
        letters.write(notice.reporter, template, context | {"name": notice.reporter.name})
    elif notice.email:
        with translation.override(notice.language):
            text = render_to_string(template, context | {"name": notice.name}).strip()
        subject, _line, body = text.partition("\n")
        send_mail(" ".join(subject.split()), body.strip() + "\n", None, [notice.email], fail_silently=True)


def found(rows: "models.QuerySet[Any]", pk: int) -> Any:  # Any: whichever model
    return rows.filter(pk=pk).first()
