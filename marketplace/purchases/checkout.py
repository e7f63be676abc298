"""Buying: from a click to a paid purchase, once, however often the click is repeated."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts import background, letters
from marketplace.accounts.models import User
from marketplace.listings.models import Listing, ListingVersion

from . import ledger
from .models import Purchase
from .payments import PROVIDERS, provider_for

State = Purchase.State


class CheckoutRefused(Exception):
    """Why it can't be bought; `purchase` is the one that the buyer already has, if that is why."""

    def __init__(self, field: str, message: str, purchase: Purchase | None = None) -> None:
        super().__init__(message)
        self.field, self.message, self.purchase = field, message, purchase


def buy(buyer: User, version: ListingVersion, attempt_key: str, licence_accepted: bool) -> Purchase:
    """`attempt_key` names one way through the checkout: with the same key the same purchase comes back."""
    purchase = attempted(buyer, version, attempt_key)
    if purchase is None:
        check(buyer, version, licence_accepted)
        purchase = begin(buyer, version, attempt_key)
    if purchase.state == State.PENDING:
        payment = PROVIDERS[purchase.provider].pay(purchase)
        if payment.paid:
            settle(purchase, payment.reference)
    return purchase


def attempted(buyer: User, version: ListingVersion, attempt_key: str) -> Purchase | None:
    purchase = Purchase.objects.filter(buyer=buyer, attempt_key=attempt_key).first()
    if purchase is not None and purchase.version_id != version.pk:
        raise CheckoutRefused("", _("This checkout belongs to another listing. Start again from the listing's page."))
    return purchase


def check(buyer: User, version: ListingVersion, licence_accepted: bool) -> None:
    if not buyer.has_perm("purchases.add_purchase"):
        raise CheckoutRefused("", _("Buying is suspended for this account."))
    if version.listing.state != Listing.State.PUBLISHED or version.listing.current_id != version.pk:
        raise CheckoutRefused("listing", _("This version is not on sale."))
    if version.listing.seller_id == buyer.pk:
        raise CheckoutRefused("listing", _("This is your own listing."))
    owned = owned_purchase(buyer, version)
    if owned is not None:
        raise already_owned(owned)
    if not licence_accepted:
        raise CheckoutRefused("licence_accepted", _("Accept the licence to buy."))


def owned_purchase(buyer: User, version: ListingVersion) -> Purchase | None:
    return Purchase.objects.filter(buyer=buyer, version=version, state=State.PAID).first()


def already_owned(purchase: Purchase) -> CheckoutRefused:
    return CheckoutRefused("listing", _("You already own this. It is in your library."), purchase)


def begin(buyer: User, version: ListingVersion, attempt_key: str) -> Purchase:
    """Freezes price, fee and licence. Of two requests with one key the slower gets the other's row."""
    try:
        with transaction.atomic():
            return Purchase.objects.create(
                buyer=buyer,
                version=version,
                attempt_key=attempt_key,
                price=version.price,
                fee=version.price * settings.PLATFORM_FEE_PERCENT // 100,
                currency=version.currency,
                licence_sha256=version.licence_sha256,
                provider=provider_for(version.price).name,
            )
    except IntegrityError:
        return Purchase.objects.get(buyer=buyer, attempt_key=attempt_key)


def settle(purchase: Purchase, reference: str) -> bool:
    """Pending to paid, with its postings. False if that had happened already."""
    pending = Purchase.objects.filter(pk=purchase.pk, state=State.PENDING)
    try:
        with transaction.atomic():
            won = pending.update(state=State.PAID, paid_at=timezone.now(), provider_reference=reference)
            if won:
                ledger.post_sale(purchase)
                background.later(tell, purchase.pk, otherwise=tell)
    except IntegrityError:
        raise bought_meanwhile(purchase) from None
    purchase.refresh_from_db()
    return bool(won)


def tell(purchase_id: int) -> None:
    """The buyer gets a receipt, the seller hears of the sale. A repeated ticket may repeat the letters."""
    related = Purchase.objects.select_related("buyer", "version__listing__seller", "version__licence")
    purchase = related.filter(pk=purchase_id).first()
    if purchase is None:
        return
    address = settings.SITE_URL + reverse("purchase", args=[purchase.public_id])
    context = {"purchase": purchase, "version": purchase.version, "address": address}
    letters.write(purchase.buyer, "purchases/bought.txt", context)
    seller = purchase.version.listing.seller
    letters.write(seller, "purchases/sold.txt", context | {"earned": purchase.price - purchase.fee})


def bought_meanwhile(purchase: Purchase) -> CheckoutRefused:
    """Two checkouts of one buyer ended at once. The test provider took nothing, so this one leaves no trace."""
    Purchase.objects.filter(pk=purchase.pk, state=State.PENDING).delete()
    return already_owned(Purchase.objects.get(buyer=purchase.buyer_id, version=purchase.version_id, state=State.PAID))


def refund(purchase: Purchase) -> bool:
    """Paid to refunded, with the postings back; the bundle can't be downloaded from then on."""
    with transaction.atomic():
        paid = Purchase.objects.filter(pk=purchase.pk, state=State.PAID)
        won = paid.update(state=State.REFUNDED, refunded_at=timezone.now())
        if won:
            ledger.post_refund(purchase)
    purchase.refresh_from_db()
    return bool(won)
