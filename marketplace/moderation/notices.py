"""Somebody reports a listing; staff look once at each case, however many reported it."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import background
from marketplace.accounts.models import User
from marketplace.listings.models import Listing

from . import audit, telling
from .models import Notice

State = Notice.State


class NoticeRefused(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def report(listing: Listing, kind: str, *, reporter: User | None, **fields: Any) -> Notice:  # Any: the notice's fields
    """The same person about the same gets the same receipt; somebody else's joins the case that is open."""
    for _attempt in range(2):
        case = Notice.objects.filter(listing=listing, kind=kind, state=State.OPEN, same_as__isnull=True).first()
        if earlier := again(case, reporter, fields.get("email", "")):
            return earlier
        try:
            with transaction.atomic():
                row = Notice.objects.create(listing=listing, kind=kind, reporter=reporter, same_as=case, **fields)
                background.later(telling.of_notice, row.pk, otherwise=telling.of_notice)
                return row
        except IntegrityError:
            # Somebody else opened the case between the two queries: the second time it is found.
            continue
    raise NoticeRefused("", _("This could not be saved. Please send it again."))


def again(case: Notice | None, reporter: User | None, email: str) -> Notice | None:
    if case is None or (reporter is None and not email):
        return None
    theirs = {"reporter": reporter} if reporter else {"reporter": None, "email": email}
    return Notice.objects.filter(pk=case.pk, **theirs).first() or case.merged.filter(**theirs).first()


def may_decide(user: User) -> bool:
    return user.is_active and user.is_staff and user.has_perm("moderation.change_notice")


def check(case: Notice, by: User, answer: str) -> None:
    if not may_decide(by):
        raise NoticeRefused("", _("Only staff who moderate can decide."))
    if by.pk in (case.listing.seller_id, case.reporter_id):
        raise NoticeRefused("", _("Nobody decides about a notice of their own or about their own listing."))
    if not answer.strip():
        raise NoticeRefused("answer", _("Tell whoever reported it what you found."))


def close(case: Notice, state: str, *, by: User, answer: str) -> None:
    """With everything that was merged into it; all are told the same."""
    check(case, by, answer)
    with transaction.atomic():
        ended = {"state": state, "answer": answer.strip(), "decided_by": by, "decided_at": timezone.now()}
        if not Notice.objects.filter(pk=case.pk, state=State.OPEN).update(**ended):
            raise NoticeRefused("", _("Somebody decided about this notice first."))
        case.merged.filter(state=State.OPEN).update(**ended)
        audit.note(by, f"notice.{state}", case, before={"state": "open"}, after={"state": state}, why=answer.strip())
        for one in [case, *case.merged.filter(reporter__isnull=False)]:
            if one.reporter is not None:
                telling.note(one.reporter, state, one.number, "notice", one.public_id)
        background.later(telling.of_notice, case.pk, otherwise=telling.of_notice)
    case.refresh_from_db()
