"""Who takes the money. A purchase names its provider when it begins, and keeps it.

Where a further one goes, say Toss Payments, which takes won and sellers in Korea: a module here with a class that has
what `interface.Provider` asks for, a line in PROVIDERS, and its keys in ganerate/settings.py.
- `begin`: POST /v1/payments needs the amount and an order number (the purchase's public number and `payment_number`);
  the buyer is sent to the checkout address that it answers with. Its `Idempotency-Key` header takes `key_of`.
- `look`: the buyer comes back with a payment key, which POST /v1/payments/confirm takes money by. Confirming is the
  moment of payment there, so `look` confirms once the order is approved.
- `refund`: POST /v1/payments/{paymentKey}/cancel with `cancelAmount`.
- `told`: its webhooks carry a secret for each payment instead of a signature: fetch the payment again and believe only
  that answer.
- Payouts to sellers are another interface, `transfers.Transfers`; theirs is at /v2/payouts, with encrypted bodies.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .interface import Provider
from .nothing import Free, TestProvider
from .stripe import Stripe

PROVIDERS: dict[str, Provider] = {"test": TestProvider(), "free": Free(), "stripe": Stripe()}


def provider_for(price: int) -> Provider:
    """Of a purchase that begins now."""
    if not price:
        return PROVIDERS["free"]
    if settings.STRIPE_SECRET_KEY:
        return PROVIDERS["stripe"]
    if settings.TEST_PAYMENTS:
        return PROVIDERS["test"]
    raise ImproperlyConfigured("No payment provider is configured: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET.")
