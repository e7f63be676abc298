from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import CURRENCIES
from marketplace.listings.rules import as_amount

from .payments import Refund
from .payouts import Payout
from .purchases import Purchase


class Account(models.Model):
    """A pot of the ledger. Its balance is the sum of its postings and is stored nowhere."""

    class Kind(models.TextChoices):
        BUYER_PAYMENTS = "buyer_payments", _("buyer payments")
        SELLER = "seller", _("seller")
        PLATFORM_FEE = "platform_fee", _("platform fee")
        PROCESSOR_FEE = "processor_fee", _("processor fee")
        TAX = "tax", _("tax")
        ROUNDING = "rounding", _("rounding")
        REFUNDS = "refunds", _("refunds")
        CHARGEBACKS = "chargebacks", _("chargebacks")
        PAYOUTS = "payouts", _("payouts")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ledger_accounts",
        verbose_name=_("owner"),
    )
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "owner", "currency"], name="one_account_per_owner"),
            models.UniqueConstraint(
                fields=["kind", "currency"], condition=Q(owner__isnull=True), name="one_account_of_the_house"
            ),
        ]
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")

    def __str__(self) -> str:
        return " · ".join(str(part) for part in (self.get_kind_display(), self.owner, self.currency) if part)


class Posting(models.Model):
    """Moves an amount from one account to another, so the ledger balances by construction.

    Triggers in both databases refuse to change or delete a row; a mistake is undone by a posting back.
    """

    class Reason(models.TextChoices):
        SALE = "sale", _("sale")
        FEE = "fee", _("fee")
        REFUND = "refund", _("refund")
        PAYOUT = "payout", _("payout")
        CHARGEBACK = "chargeback", _("chargeback")
        TAX = "tax", _("tax")
        PROCESSOR_FEE = "processor_fee", _("processor fee")
        ROUNDING = "rounding", _("rounding")

    source = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings_out", verbose_name=_("from account")
    )
    target = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings_in", verbose_name=_("to account")
    )
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    purchase = models.ForeignKey(
        Purchase,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="postings",
        verbose_name=_("purchase"),
    )
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="postings", verbose_name=_("refund")
    )
    payout = models.ForeignKey(
        Payout, on_delete=models.PROTECT, null=True, blank=True, related_name="postings", verbose_name=_("payout")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="posting_moves_something"),
            models.CheckConstraint(condition=~Q(source=models.F("target")), name="posting_between_two_accounts"),
            models.UniqueConstraint(
                fields=["purchase", "reason"], condition=Q(reason__in=["sale", "fee"]), name="a_sale_is_posted_once"
            ),
        ]
        verbose_name = _("posting")
        verbose_name_plural = _("postings")

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {as_amount(self.amount, self.currency)}"


class PayoutLine(models.Model):
    """A posting of a seller's account that a payout pays out, or takes off. The database lets none be paid twice."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines", verbose_name=_("payout"))
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="+", verbose_name=_("posting"))
    # The transfer failed: the posting may go into another payout.
    returned = models.BooleanField(_("returned"), default=False)

    class Meta:
        ordering = ["posting_id"]
        constraints = [
            models.UniqueConstraint(fields=["posting"], condition=Q(returned=False), name="a_posting_is_paid_out_once")
        ]
        verbose_name = _("line of a payout")
        verbose_name_plural = _("lines of payouts")

    def __str__(self) -> str:
        return str(self.posting)


class Reconciliation(models.Model):
    """What the nightly comparison of ledger, purchases and provider found. Only no difference is good."""

    day = models.DateField(_("day"), unique=True)
    checked = models.PositiveIntegerField(_("rows looked at"))
    differences = models.JSONField(_("differences"), default=list)
    made_at = models.DateTimeField(_("made"), auto_now=True)

    class Meta:
        ordering = ["-day"]
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")

    def __str__(self) -> str:
        return f"{self.day} · {len(self.differences)}"
