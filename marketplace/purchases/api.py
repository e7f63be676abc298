import hashlib
import uuid
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from generation.api.formats import RANGE, file_answers
from generation.negotiation import FileNegotiation
from marketplace.accounts.authentication import member
from marketplace.accounts.conflicts import Conflict
from marketplace.listings.access import listing_for

from . import checkout, consent, delivery, receipts, refunds
from .access import own_purchase, own_purchases, purchase_for, to_deliver
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
        if asked.validated_data.get("version", listing.current.number) != listing.current.number:
            text = _("Another version is on sale now. Look at its price and licence first.")
            raise Conflict(text, "version_changed", version=listing.current.number)
        # Without a key of the caller's each call is an attempt of its own.
        key = request.headers.get("Idempotency-Key") or uuid.uuid4().hex
        attempt = "api-" + hashlib.sha256(key.encode()).hexdigest()
        try:
            purchase = checkout.buy(
                member(request),
                listing.current,
                attempt,
                asked.validated_data["licence_accepted"],
                delivery_consent=asked.validated_data["delivery_consent"],
            )
        except checkout.CheckoutRefused as refused:
            raise problem(refused) from None
        headers = {"Location": f"{request.path}{purchase.public_id}/"}
        return Response(PurchaseSerializer(purchase).data, status=status.HTTP_201_CREATED, headers=headers)


class PurchaseDetail(APIView):
    required_scope = "buy"

    @extend_schema(responses=PurchaseSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(PurchaseSerializer(purchase_for(request.user, public_id)).data)


class PurchaseConsent(APIView):
    required_scope = "buy"

    @extend_schema(request=None, responses=PurchaseSerializer)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Delivery may begin, and with it the right to withdraw may end. Before that nothing is delivered."""
        purchase = own_purchase(member(request), public_id)
        if purchase.state != Purchase.State.PAID:
            raise Conflict(_("Only a purchase that is paid is delivered."))
        consent.give(purchase)
        return Response(PurchaseSerializer(purchase).data)


class PurchaseWithdraw(APIView):
    required_scope = "buy"

    @extend_schema(request=None, responses=PurchaseSerializer)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Within seven days and before any download: the whole price goes back."""
        purchase = own_purchase(member(request), public_id)
        try:
            refunds.withdraw(purchase, member(request))
        except refunds.RefundRefused as refused:
            raise Conflict(refused.message, "not_withdrawn") from None
        return Response(PurchaseSerializer(own_purchase(member(request), public_id)).data)


class LanguageSerializer(serializers.Serializer[None]):
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)


class PurchaseReceipt(APIView):
    required_scope = "buy"
    content_negotiation_class = FileNegotiation

    @extend_schema(parameters=[LanguageSerializer], responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: UUID) -> HttpResponse:
        """As a PDF, in the buyer's language unless another is asked for."""
        asked = LanguageSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        purchase = purchase_for(request.user, public_id)
        if purchase.state == Purchase.State.PENDING:
            raise Http404
        return receipts.as_file(purchase, asked.validated_data.get("language", purchase.buyer.language))


class PartSerializer(serializers.Serializer[None]):
    part = serializers.IntegerField(min_value=1, default=1)


class PurchaseBundle(APIView):
    required_scope = "buy"
    content_negotiation_class = FileNegotiation

    @extend_schema(
        parameters=[PartSerializer, RANGE],
        responses=file_answers("application/zip"),
    )
    def get(self, request: Request, public_id: UUID) -> HttpResponseBase:
        asked = PartSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        purchase = purchase_for(request.user, public_id, to_deliver())
        try:
            return delivery.deliver(request._request, purchase, asked.validated_data["part"])
        except delivery.NotDelivered as refused:
            raise PermissionDenied(refused.message, "not_delivered") from None
        except IndexError:
            raise Http404 from None
