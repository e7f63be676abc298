import hashlib
import uuid
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from generation.negotiation import FileNegotiation
from marketplace.accounts.authentication import member
from marketplace.accounts.conflicts import Conflict
from marketplace.listings.access import listing_for

from . import checkout, delivery
from .access import own_purchases, purchase_for
from .models import Purchase
from .serializers import BuySerializer, PurchaseSerializer


def problem(refused: checkout.CheckoutRefused) -> Exception:
    if refused.purchase is not None:
        return Conflict(refused.message, "already_owned", purchase=str(refused.purchase.public_id))
    return ValidationError({refused.field or "non_field_errors": [refused.message]})


class PurchaseList(ListAPIView[Purchase]):
    required_scope = "buy"
    serializer_class = PurchaseSerializer
    queryset = Purchase.objects.none()

    def get_queryset(self) -> QuerySet[Purchase]:
        return own_purchases(self.request.user) if self.request.user.is_authenticated else Purchase.objects.none()

    @extend_schema(request=BuySerializer, responses={201: PurchaseSerializer})
    def post(self, request: Request) -> Response:
        asked = BuySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        listing = listing_for(request.user, asked.validated_data["listing"])
        if listing.current is None:
            raise Http404
        # Without a key of the caller's each call is an attempt of its own.
        key = request.headers.get("Idempotency-Key") or uuid.uuid4().hex
        attempt = "api-" + hashlib.sha256(key.encode()).hexdigest()
        try:
            purchase = checkout.buy(member(request), listing.current, attempt, asked.validated_data["licence_accepted"])
        except checkout.CheckoutRefused as refused:
            raise problem(refused) from None
        headers = {"Location": f"{request.path}{purchase.public_id}/"}
        return Response(PurchaseSerializer(purchase).data, status=status.HTTP_201_CREATED, headers=headers)


class PurchaseDetail(APIView):
    required_scope = "buy"

    @extend_schema(responses=PurchaseSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(PurchaseSerializer(purchase_for(request.user, public_id)).data)


class PartSerializer(serializers.Serializer[None]):
    part = serializers.IntegerField(min_value=1, default=1)


class PurchaseBundle(APIView):
    required_scope = "buy"
    content_negotiation_class = FileNegotiation

    @extend_schema(
        parameters=[PartSerializer, OpenApiParameter("Range", str, OpenApiParameter.HEADER)],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (206, "application/zip"): OpenApiTypes.BINARY,
            416: None,
        },
    )
    def get(self, request: Request, public_id: UUID) -> HttpResponseBase:
        asked = PartSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        purchase = purchase_for(request.user, public_id)
        try:
            return delivery.deliver(request._request, purchase, asked.validated_data["part"])
        except delivery.NotDelivered as refused:
            raise PermissionDenied(refused.message, "not_delivered") from None
        except IndexError:
            raise Http404 from None
