from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ListingsConfig(AppConfig):
    name = "marketplace.listings"
    label = "listings"
    verbose_name = _("Listings")

    def ready(self) -> None:
        post_migrate.connect(fill_shelf, sender=self)


def fill_shelf(**_options: Any) -> None:
    """Listings that were published before there was a shelf to find them on."""
    from .indexing import fill  # models are there once all apps are ready

    fill()
