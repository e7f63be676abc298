from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.accounts.models import User
from marketplace.listings.models import MINOR_DIGITS
from marketplace.listings.rules import as_amount
from marketplace.moderation import treasury
from marketplace.moderation.forms import ReasonForm
from marketplace.purchases import account_numbers, ledger, refunds
from marketplace.purchases.models import (
    Account,
    Chargeback,
    Download,
    PaymentEvent,
    Payout,
    PayoutAccount,
    PayoutHold,
    Posting,
    Purchase,
    Reconciliation,
    Refund,
)

from .actions import ActingAdmin, Action, Facts, Refused
from .readonly import ReadOnlyAdmin


def money(row: Any, name: str = "amount") -> str:
    return as_amount(getattr(row, name), row.currency)


class PostingsOfPurchase(admin.TabularInline):
    model = Posting
    extra = 0
    can_delete = False
    readonly_fields = ["reason", "source", "target", "amount_as_written", "created_at"]
    fields = tuple(readonly_fields)

    @admin.display(description=gettext_lazy("amount"))
    def amount_as_written(self, posting: Posting) -> str:
        return money(posting)


class DownloadsOfPurchase(admin.TabularInline):
    model = Download
    extra = 0
    can_delete = False
    readonly_fields = ["file_name", "started_at"]


class RefundsOfPurchase(admin.TabularInline):
    model = Refund
    extra = 0
    can_delete = False
    readonly_fields = ["reason", "state", "amount_as_written", "note", "asked_by", "created_at", "settled_at"]
    fields = tuple(readonly_fields)

    @admin.display(description=gettext_lazy("amount"))
    def amount_as_written(self, refund: Refund) -> str:
        return money(refund)


class GiveBack(Action):
    class RefundForm(ReasonForm):
        amount = forms.DecimalField(
            label=gettext_lazy("Amount"),
            required=False,
            min_value=Decimal("0.01"),
            max_digits=12,
            help_text=gettext_lazy("Left empty, all that is left of the payment."),
        )
        # What was left when this page was made: a click done twice gives back once.
        seen = forms.IntegerField(widget=forms.HiddenInput)
        field_order = ["amount", "why"]

    name = "refund"
    button = gettext_lazy("Give money back")
    meaning = gettext_lazy(
        "The payment provider gives it to the buyer, and the seller's share is taken back by the stored split. When "
        "all is given back, the buyer can't download any more."
    )
    permission = "purchases.add_refund"
    form_class = RefundForm

    def initial(self, row: Purchase) -> dict[str, Any]:
        return {"seen": refunds.left_of(row)}

    def ask(self, request: HttpRequest, row: Any, form: forms.Form) -> HttpResponse:
        if form.is_bound:
            form.data = form.data.copy()  # type: ignore[attr-defined]  # of a request
            form.data.update(self.initial(row))  # type: ignore[attr-defined]  # a copy may be changed
        return super().ask(request, row, form)

    def facts(self, row: Purchase) -> Facts:
        return [
            (gettext_lazy("purchase"), row),
            (gettext_lazy("buyer"), row.buyer),
            (gettext_lazy("state"), row.get_state_display()),
            (gettext_lazy("left of the payment"), as_amount(refunds.left_of(row), row.currency)),
            (gettext_lazy("delivery began"), row.delivery_started_at or "–"),
        ]

    def refusal(self, row: Purchase) -> str:
        return "" if row.price and row.paid_at and refunds.left_of(row) else _("There is nothing to give back.")

    def do(self, row: Purchase, by: User, **given: Any) -> str:
        amount = given["amount"] and given["amount"] * 10 ** MINOR_DIGITS[row.currency]
        if amount and amount != int(amount):
            raise Refused(_("This currency has no smaller unit than that."), "amount")
        try:
            refund = treasury.refund(
                row, by, why=given["why"], amount=int(amount) if amount else None, seen=given["seen"]
            )
        except treasury.MoneyRefused as refused:
            raise Refused(refused.message, refused.field) from None
        return _("%(amount)s goes back to the buyer.") % {"amount": money(refund)}


@admin.register(Purchase)
class PurchaseAdmin(ActingAdmin):
    list_display = ["version", "buyer", "state", "price_as_written", "created_at"]
    list_filter = ["state", "currency", "provider"]
    list_select_related = ["version", "buyer"]
    search_fields = ["public_id", "buyer__email", "version__title", "version__listing__seller__email"]
    fields = [
        "public_id", "version", "buyer", "state", "price_as_written", "fee_as_written", "licence_sha256", "provider",
        "provider_reference", "created_at", "paid_at", "refunded_at", "delivery_started_at",
    ]  # fmt: skip
    readonly_fields = ["price_as_written", "fee_as_written"]
    date_hierarchy = "created_at"
    inlines = [PostingsOfPurchase, RefundsOfPurchase, DownloadsOfPurchase]
    acts = [GiveBack]

    @admin.display(description=gettext_lazy("price"), ordering="price")
    def price_as_written(self, purchase: Purchase) -> str:
        return money(purchase, "price")

    @admin.display(description=gettext_lazy("fee"))
    def fee_as_written(self, purchase: Purchase) -> str:
        return money(purchase, "fee")


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ["purchase", "reason", "state", "amount_as_written", "asked_by", "created_at", "settled_at"]
    list_filter = ["state", "reason"]
    list_select_related = ["purchase__version", "asked_by"]
    search_fields = ["public_id", "purchase__public_id", "purchase__buyer__email"]

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def amount_as_written(self, refund: Refund) -> str:
        return money(refund)


@admin.register(Chargeback)
class ChargebackAdmin(ReadOnlyAdmin):
    list_display = ["purchase", "state", "taken"]
    list_filter = ["state"]
    list_select_related = ["purchase__version"]
    search_fields = ["purchase__public_id", "purchase__buyer__email"]


@admin.register(PaymentEvent)
class PaymentEventAdmin(ReadOnlyAdmin):
    list_display = ["provider", "kind", "event_id", "created_at", "handled_at", "error"]
    list_filter = ["provider", "kind", ("handled_at", admin.EmptyFieldListFilter)]
    search_fields = ["event_id"]


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    list_display = ["day", "checked", "found", "made_at"]

    @admin.display(description=gettext_lazy("differences"))
    def found(self, row: Reconciliation) -> int:
        return len(row.differences)


class OfAccount(Action):
    permission = "purchases.change_payoutaccount"

    def facts(self, row: PayoutAccount) -> Facts:
        try:
            number = account_numbers.opened(row.number)
        except account_numbers.Unreadable:
            number = f"···{row.last_digits}"
        return [
            (gettext_lazy("seller"), f"{row.owner} ({row.owner.email})"),
            (gettext_lazy("bank"), row.bank),
            (gettext_lazy("account holder"), row.holder),
            (gettext_lazy("account number"), number),
        ]

    def judge(self, row: PayoutAccount, by: User, state: str, why: str) -> str:
        try:
            treasury.judge_account(row, by, state, why)
        except treasury.MoneyRefused as refused:
            raise Refused(refused.message, refused.field) from None
        return _("Saved. The seller is told.")


class VerifyAccount(OfAccount):
    name = "verify"
    button = gettext_lazy("The account is the seller's")
    meaning = gettext_lazy("Compare the holder with the seller first. Earnings are then paid to this account.")

    def refusal(self, row: PayoutAccount) -> str:
        return _("This account is verified.") if row.state == PayoutAccount.State.VERIFIED else ""

    def do(self, row: PayoutAccount, by: User, **given: Any) -> str:
        return self.judge(row, by, PayoutAccount.State.VERIFIED, given["why"])


class RefuseAccount(OfAccount):
    name = "refuse"
    button = gettext_lazy("Refuse the account")
    meaning = gettext_lazy("Nothing is paid to it. The seller reads why, and may give another.")

    def refusal(self, row: PayoutAccount) -> str:
        return _("This account is refused.") if row.state == PayoutAccount.State.REFUSED else ""

    def do(self, row: PayoutAccount, by: User, **given: Any) -> str:
        return self.judge(row, by, PayoutAccount.State.REFUSED, given["why"])


@admin.register(PayoutAccount)
class PayoutAccountAdmin(ActingAdmin):
    list_display = ["owner", "currency", "bank", "last_digits", "state", "verified_by", "created_at"]
    list_filter = ["state", "currency"]
    list_select_related = ["owner", "verified_by"]
    search_fields = ["owner__email", "holder"]
    # The whole number is shown only where somebody compares it.
    fields = ["owner", "currency", "bank", "holder", "last_digits", "state", "reason", "verified_by", "verified_at"]
    acts = [VerifyAccount, RefuseAccount]


class HoldForm(forms.ModelForm):
    class Meta:
        model = PayoutHold
        fields = ("seller", "reason", "review_at")

    moderator: User

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                treasury.check_hold(cleaned["seller"], self.moderator, cleaned["review_at"])
            except treasury.MoneyRefused as refused:
                self.add_error(refused.field, refused.message)
        return cleaned


class LiftHold(Action):
    name = "lift"
    button = gettext_lazy("Lift the hold now")
    meaning = gettext_lazy("The next payout takes place. The seller is told.")
    permission = "purchases.change_payouthold"

    def refusal(self, row: PayoutHold) -> str:
        return _("It is lifted already.") if row.lifted_at else ""

    def do(self, row: PayoutHold, by: User, **given: Any) -> str:
        if not treasury.lift_hold(row, by, given["why"]):
            raise Refused(_("It is lifted already."))
        return _("Lifted. The seller is told.")


@admin.register(PayoutHold)
class PayoutHoldAdmin(ActingAdmin):
    """Imposed with a reason that the seller reads and a date; lifted by an action; never edited."""

    form = HoldForm
    list_display = ["seller", "reason", "review_at", "lifted_at", "imposed_by", "created_at"]
    list_filter = [("lifted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["seller", "imposed_by"]
    search_fields = ["seller__email", "reason"]
    autocomplete_fields = ["seller"]
    acts = [LiftHold]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # Any: Django's nested options
        return ["seller", "reason", "review_at"] + (["imposed_by", "created_at", "lifted_at"] if obj else [])

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"review_at": timezone.localtime() + timedelta(days=14)} | super().get_changeform_initial_data(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.moderator = request.user  # type: ignore[attr-defined]  # a HoldForm
        return form

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("purchases.add_payouthold")

    def save_model(self, request: HttpRequest, obj: PayoutHold, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        obj.pk = treasury.hold(obj.seller, request.user, reason=obj.reason, review_at=obj.review_at).pk


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    list_display = ["seller", "state", "amount_as_written", "account", "reference", "created_at", "settled_at"]
    list_filter = ["state", "currency"]
    list_select_related = ["seller", "account"]
    search_fields = ["public_id", "seller__email", "reference"]

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def amount_as_written(self, payout: Payout) -> str:
        return money(payout)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ["kind", "owner", "currency", "balance"]
    search_fields = ["owner__email", "owner__name"]
    list_filter = ["kind", "currency"]
    list_select_related = ["owner"]
    fields = ["kind", "owner", "currency", "balance"]
    readonly_fields = ["balance"]

    @admin.display(description=gettext_lazy("balance"))
    def balance(self, account: Account) -> str:
        return as_amount(account.held, account.currency)  # type: ignore[attr-defined]  # by with_balances

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return ledger.with_balances(super().get_queryset(request))


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    list_display = ["id", "reason", "source", "target", "amount_as_written", "purchase", "created_at"]
    search_fields = ["purchase__public_id", "source__owner__email", "target__owner__email"]
    list_filter = ["reason", "currency"]
    list_select_related = ["source__owner", "target__owner", "purchase__version"]
    date_hierarchy = "created_at"

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def amount_as_written(self, posting: Posting) -> str:
        return money(posting)
