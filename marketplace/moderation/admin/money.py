from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from marketplace.listings.rules import as_amount
from marketplace.purchases import ledger
from marketplace.purchases.models import Account, Download, Posting, Purchase

from .readonly import ReadOnlyAdmin


class PostingsOfPurchase(admin.TabularInline):
    model = Posting
    extra = 0
    can_delete = False
    readonly_fields = ["reason", "source", "target", "amount_as_written", "created_at"]
    fields = tuple(readonly_fields)

    @admin.display(description=_("amount"))
    def amount_as_written(self, posting: Posting) -> str:
        return as_amount(posting.amount, posting.currency)


class DownloadsOfPurchase(admin.TabularInline):
    model = Download
    extra = 0
    can_delete = False
    readonly_fields = ["file_name", "started_at"]


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = ["version", "buyer", "state", "price_as_written", "provider", "created_at", "public_id"]
    list_filter = ["state", "currency", "provider"]
    list_select_related = ["version", "buyer"]
    search_fields = ["public_id", "buyer__email", "version__title", "version__listing__seller__email"]
    fields = [
        "public_id", "version", "buyer", "state", "price_as_written", "fee_as_written", "licence_sha256", "provider",
        "provider_reference", "created_at", "paid_at", "refunded_at", "delivery_started_at",
    ]  # fmt: skip
    readonly_fields = ["price_as_written", "fee_as_written"]
    date_hierarchy = "created_at"
    inlines = [PostingsOfPurchase, DownloadsOfPurchase]

    @admin.display(description=_("price"), ordering="price")
    def price_as_written(self, purchase: Purchase) -> str:
        return as_amount(purchase.price, purchase.currency)

    @admin.display(description=_("fee"))
    def fee_as_written(self, purchase: Purchase) -> str:
        return as_amount(purchase.fee, purchase.currency)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ["kind", "owner", "currency", "balance"]
    search_fields = ["owner__email", "owner__name"]
    list_filter = ["kind", "currency"]
    list_select_related = ["owner"]
    fields = ["kind", "owner", "currency", "balance"]
    readonly_fields = ["balance"]

    @admin.display(description=_("balance"))
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

    @admin.display(description=_("amount"), ordering="amount")
    def amount_as_written(self, posting: Posting) -> str:
        return as_amount(posting.amount, posting.currency)
