"""Why a seller is not paid out: each reason in words, with a date where there is one."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from marketplace.accounts.acceptance import TermsOutdated
from marketplace.accounts.models import User

from .models import PayoutAccount, PayoutHold

# Apps above add their own: (seller) -> the reason, or nothing.
refusers: list[Callable[[User], str]] = []


def reason_for(seller: User, currency: str) -> str:
    """The first of what stands in the way of any payout, however much there is to pay."""
    return suspension(seller) or hold_of(seller) or account_of(seller, currency)


def suspension(seller: User) -> str:
    for refuser in refusers:
        if reason := refuser(seller):
            return reason
    try:
        allowed = seller.has_perm("purchases.add_payout")
    except TermsOutdated:
        return _("Accept the present terms first.")
    return "" if allowed else _("Payouts are suspended for this account.")


def in_force(seller: User) -> QuerySet[PayoutHold]:
    return PayoutHold.objects.filter(seller=seller, lifted_at__isnull=True)


def hold_of(seller: User) -> str:
    hold = in_force(seller).order_by("created_at").first()
    if hold is None:
        return ""
    day = date_format(timezone.localtime(hold.review_at), "DATE_FORMAT")
    text = _("On hold since %(since)s: %(reason)s We look at this again on %(day)s.")
    since = date_format(timezone.localtime(hold.created_at), "DATE_FORMAT")
    return text % {"since": since, "reason": sentence(hold.reason), "day": day}


def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。")) else f"{text}."


def account_of(seller: User, currency: str) -> str:
    account = PayoutAccount.objects.filter(owner=seller, currency=currency).first()
    if account is None:
        return _("There is no account for payouts in %(currency)s yet. Add one.") % {"currency": currency}
    if account.state == PayoutAccount.State.REFUSED:
        text = _("Your account for payouts was refused: %(reason)s")
        return text % {"reason": sentence(account.reason or _("it could not be verified"))}
    if account.state == PayoutAccount.State.PENDING:
        return _("Your account for payouts is being verified.")
    return ""


def lift(hold: PayoutHold) -> bool:
    return bool(PayoutHold.objects.filter(pk=hold.pk, lifted_at__isnull=True).update(lifted_at=timezone.now()))
