"""Sales and payouts, for programs. Amounts are integers in the smallest unit of their currency."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.authentication import member
from marketplace.listings.models import CURRENCIES

from . import ledger, payouts, sales
from .models import Account, Payout, Posting, Purchase
from .sales_form import SalesForm


class PeriodSerializer(serializers.Serializer[None]):
    since = serializers.DateField(required=False, help_text="First day that counts.")
    until = serializers.DateField(required=False, help_text="Last day that counts.")
    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)


class EarningSerializer(serializers.Serializer[ledger.Earning]):
    """gross - fee - refunded = net"""

    id = serializers.UUIDField(source="purchase.public_id")
    listing = serializers.UUIDField(source="purchase.version.listing.public_id")
    title = serializers.CharField(source="purchase.version.title")
    version = serializers.IntegerField(source="purchase.version.number")
    state = serializers.ChoiceField(choices=Purchase.State.choices, source="purchase.state")
    paid_at = serializers.DateTimeField(source="purchase.paid_at")
    test_payment = serializers.SerializerMethodField()
    currency = serializers.CharField()
    gross = serializers.IntegerField()
    fee = serializers.IntegerField(help_text="Of platform and payment provider, and tax.")
    refunded = serializers.IntegerField()
    net = serializers.IntegerField()
    disputed = serializers.BooleanField(help_text="A refund or a question of the buyer's bank is open.")
    payable_on = serializers.DateTimeField(allow_null=True)
    payout = serializers.UUIDField(source="payout.public_id", allow_null=True, default=None)

    def get_test_payment(self, earning: ledger.Earning) -> bool:
        return earning.purchase.provider == "test"


class PostingSerializer(serializers.ModelSerializer[Posting]):
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of this name
        choices=Account.Kind.choices, source="source.kind"
    )
    target = serializers.ChoiceField(choices=Account.Kind.choices, source="target.kind")

    class Meta:
        model = Posting
        fields = ["reason", "source", "target", "amount", "currency", "created_at"]
        read_only_fields = fields


class SaleSerializer(EarningSerializer):
    postings = serializers.SerializerMethodField()

    @extend_schema_field(PostingSerializer(many=True))
    def get_postings(self, earning: ledger.Earning) -> list[Any]:  # Any: JSON values
        return list(PostingSerializer(ledger.postings_of(earning.purchase), many=True).data)


class SalesList(GenericAPIView[Purchase]):
    required_scope = "sell"
    queryset = Purchase.objects.none()

    @extend_schema(
        summary="What you sold, newest first", parameters=[PeriodSerializer], responses=EarningSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        form = SalesForm(request.query_params)
        if not form.is_valid():
            raise ValidationError({name: [str(text) for text in texts] for name, texts in form.errors.items()})
        page = self.paginate_queryset(sales.of(member(request), **form.asked())) or []
        rows = [EarningSerializer(earning).data for earning in ledger.earnings_of(page)]
        return self.get_paginated_response(rows)


class SaleDetail(APIView):
    required_scope = "sell"

    @extend_schema(summary="One sale with its postings", responses=SaleSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        (earning,) = ledger.earnings_of([sales.sale_of(member(request), public_id)])
        return Response(SaleSerializer(earning).data)


class BalanceSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    payable = serializers.IntegerField(help_text="Can be paid out now.")
    held = serializers.IntegerField(help_text="A refund or a question of the buyer's bank is open.")
    not_yet = serializers.IntegerField(help_text="Sold too short ago.")
    reason = serializers.CharField(help_text="Why the next payout does not come, or not all of it; or nothing.")
    on = serializers.DateField(allow_null=True, help_text="Of the next payout.")


class Balances(APIView):
    required_scope = "sell"

    @extend_schema(summary="What you have earned and not been paid", responses=BalanceSerializer(many=True))
    def get(self, request: Request) -> Response:
        seller = member(request)
        earned = Account.objects.filter(kind=Account.Kind.SELLER, owner=seller).order_by("currency")
        rows = []
        for currency in earned.values_list("currency", flat=True):
            standing = payouts.of(seller, currency)
            rows.append({"currency": currency, **vars(standing)})
        return Response(BalanceSerializer(rows, many=True).data)


class PayoutSerializer(serializers.ModelSerializer[Payout]):
    id = serializers.UUIDField(source="public_id")
    account = serializers.CharField(source="account.__str__", help_text="Bank and last four digits.")

    class Meta:
        model = Payout
        fields = ["id", "state", "amount", "currency", "account", "reference", "reason", "created_at", "settled_at"]
        read_only_fields = fields


class PayoutList(ListAPIView[Payout]):
    required_scope = "sell"
    serializer_class = PayoutSerializer
    queryset = Payout.objects.none()

    def get_queryset(self) -> QuerySet[Payout]:
        return Payout.objects.filter(seller=self.request.user.pk).select_related("account")

    @extend_schema(summary="Your payouts, newest first")
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return super().get(request, *args, **kwargs)
