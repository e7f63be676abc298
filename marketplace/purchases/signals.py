"""What the apps above may hang on to. Sent inside the transaction, with `purchase`."""

from django.dispatch import Signal

paid = Signal()
refunded = Signal()
