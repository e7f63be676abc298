from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from marketplace.purchases import ledger
from marketplace.purchases.models import Account, Download, Posting, Purchase

from .readonly import ReadOnlyAdmin


class PostingsOfPurchase(admin.TabularInline):
    model = Posting
    extra = 0
    can_delete = False
    readonly_fields = ["reason", "source", "target", "amount", "currency", "created_at"]


class DownloadsOfPurchase(admin.TabularInline):
    model = Download
    extra = 0
    can_delete = False
    readonly_fields = ["file_name", "started_at"]


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "version", "buyer", "state", "price", "currency", "provider", "created_at"]
    list_filter = ["state", "currency", "provider"]
    list_select_related = ["version", "buyer"]
    search_fields = ["public_id", "buyer__email", "version__title"]
    date_hierarchy = "created_at"
    inlines = [PostingsOfPurchase, DownloadsOfPurchase]


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ["kind", "owner", "currency"]
    list_filter = ["kind", "currency"]
    list_select_related = ["owner"]
    fields = ["kind", "owner", "currency", "balance"]
    readonly_fields = ["balance"]

    @admin.display(description=_("balance, in the smallest unit"))
    def balance(self, account: Account) -> int:
        return ledger.balance(account)


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    list_display = ["id", "reason", "source", "target", "amount", "currency", "purchase", "created_at"]
    list_filter = ["reason", "currency"]
    list_select_related = ["source__owner", "target__owner", "purchase__version"]
    date_hierarchy = "created_at"
