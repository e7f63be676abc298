"""Buying: from a click to a paid purchase, once, however often the click is repeated."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.models import Listing, ListingVersion

from . import consent, payments
from .models import Purchase
from .providers import provider_for
from .providers.interface import ProviderRefused, ProviderUnreachable

State = Purchase.State


class CheckoutRefused(Exception):
    """Why it can't be bought; `purchase` is the one that the buyer already has, if that is why."""

    def __init__(self, field: str, message: str, purchase: Purchase | None = None) -> None:
        super().__init__(message)
        self.field, self.message, self.purchase = field, message, purchase


def buy(
    buyer: User,
    version: ListingVersion,
    attempt_key: str,
    licence_accepted: bool,
    *,
    delivery_consent: bool = False,
) -> Purchase:
    """`attempt_key` names one way through the checkout: with the same key the same purchase comes back.

    Paid, or pending with a page of the provider's on which the buyer pays: payments.page_of(purchase).
    """
    purchase = attempted(buyer, version, attempt_key)
    if purchase is None:
        check(buyer, version, licence_accepted)
        purchase = begin(buyer, version, attempt_key, delivery_consent=delivery_consent)
    if purchase.state == State.PENDING:
        pay(purchase)
    return purchase


def pay(purchase: Purchase) -> None:
    owned = owned_purchase(purchase.buyer, purchase.version)
    if owned is not None and owned != purchase:
        payments.forget(purchase)
        raise already_owned(owned)
    try:
        payments.begin(purchase)
    except payments.BoughtMeanwhile:
        raise already_owned(owned_purchase(purchase.buyer, purchase.version)) from None
    except ProviderRefused as refused:
        raise CheckoutRefused("", _("The payment provider refused: %(reason)s") % {"reason": refused}) from None
    except ProviderUnreachable:
        text = _("The payment provider can't be reached just now. Nothing was charged; try again in a minute.")
        raise CheckoutRefused("", text) from None


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


def already_owned(purchase: Purchase | None) -> CheckoutRefused:
    return CheckoutRefused("listing", _("You already own this. It is in your library."), purchase)


def begin(buyer: User, version: ListingVersion, attempt_key: str, *, delivery_consent: bool = False) -> Purchase:
    """Freezes price, split and licence. Of two requests with one key the slower gets the other's row."""
    provider = provider_for(version.price).name
    agreed = {"consented_at": timezone.now(), "consent_version": consent.VERSION} if delivery_consent else {}
    try:
        with transaction.atomic():
            return Purchase.objects.create(
                buyer=buyer,
                version=version,
                attempt_key=attempt_key,
                price=version.price,
                currency=version.currency,
                licence_sha256=version.licence_sha256,
                provider=provider,
                **split(version.price, version.currency),
                **agreed,
            )
    except IntegrityError:
        return Purchase.objects.get(buyer=buyer, attempt_key=attempt_key)


def split(price: int, currency: str) -> dict[str, int]:
    """What of a price is not the seller's, in whole units, rounded down: fractions are the seller's.

    The price contains the tax. None of the three takes more than the ones before it left.
    """
    fee = price * settings.PLATFORM_FEE_PERCENT // 100
    tax = price * settings.VAT_PERCENT // (100 + settings.VAT_PERCENT)
    processor_fee = price * settings.PROCESSOR_FEE_BASIS_POINTS // 10_000 + settings.PROCESSOR_FEE_FIXED[currency]
    tax = min(tax, price - fee)
    return {"fee": fee, "tax": tax, "processor_fee": min(processor_fee, price - fee - tax)}
