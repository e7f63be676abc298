from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from . import consent, delivery, payments, refunds
from .models import Purchase


class BundleSerializer(serializers.Serializer[object]):
    name = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.CharField()


class PurchaseSerializer(serializers.ModelSerializer[Purchase]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    listing = serializers.UUIDField(source="version.listing.public_id", read_only=True)
    title = serializers.CharField(source="version.title", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    licence = serializers.CharField(source="version.licence.code", read_only=True)
    test_payment = serializers.SerializerMethodField()
    payment_page = serializers.SerializerMethodField(help_text=_("Where to pay while it is pending."))
    withdraw_until = serializers.SerializerMethodField()
    bundles = serializers.SerializerMethodField()

    class Meta:
        model = Purchase
        fields = [
            "id", "state", "listing", "title", "version", "price", "tax", "currency", "licence", "licence_sha256",
            "test_payment", "payment_page", "failure", "created_at", "paid_at", "refunded_at", "consented_at",
            "delivery_started_at", "withdraw_until", "bundles",
        ]  # fmt: skip
        read_only_fields = fields

    def get_test_payment(self, purchase: Purchase) -> bool:
        return purchase.provider == "test"

    def get_payment_page(self, purchase: Purchase) -> str:
        return payments.page_of(purchase)

    def get_withdraw_until(self, purchase: Purchase) -> datetime | None:
        """Nothing where it can't be withdrawn from any more."""
        return refunds.withdraw_until(purchase) if refunds.can_withdraw(purchase) else None

    @extend_schema_field(BundleSerializer(many=True))
    def get_bundles(self, purchase: Purchase) -> list[dict[str, object]]:
        if purchase.state != Purchase.State.PAID:
            return []
        address = settings.SITE_URL + reverse("api-purchase-bundle", args=[purchase.public_id])
        return [
            {"name": bundle.name, "size": bundle.size, "sha256": bundle.sha256, "url": f"{address}?part={number}"}
            for number, bundle in enumerate(delivery.bundles(purchase), start=1)
        ]


class BuySerializer(serializers.Serializer[Purchase]):
    listing = serializers.UUIDField()
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text=_("The version whose price and licence you saw; another one is not bought."),
    )
    licence_accepted = serializers.BooleanField()
    delivery_consent = serializers.BooleanField(default=False, help_text=consent.WORDING)
