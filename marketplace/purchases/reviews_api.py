from collections.abc import Callable
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.authentication import ReadableByAll, member
from marketplace.accounts.conflicts import Conflict
from marketplace.listings.access import listing_for, own_listing

from . import reviews
from .access import own_purchases
from .models import Review


class ReviewSerializer(serializers.ModelSerializer[Review]):
    number = serializers.IntegerField(source="pk", read_only=True)
    rating = serializers.IntegerField(min_value=1, max_value=5)
    by = serializers.CharField(source="purchase.buyer.name", read_only=True)
    version = serializers.IntegerField(source="purchase.version.number", read_only=True)
    changed = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = [
            "number", "rating", "as_described", "useful", "licence_clear", "text", "by", "version", "created_at",
            "changed", "answer", "answered_at",
        ]  # fmt: skip
        read_only_fields = ["created_at", "answer", "answered_at"]
        extra_kwargs = {"text": {"max_length": reviews.MAX_TEXT}}

    def get_changed(self, review: Review) -> bool:
        return review.updated_at != review.created_at


class AnswerSerializer(serializers.Serializer[Review]):
    answer = serializers.CharField(max_length=reviews.MAX_TEXT)


class ReviewList(ListAPIView[Review]):
    permission_classes = [ReadableByAll]
    required_scope = "buy"
    serializer_class = ReviewSerializer
    queryset = Review.objects.none()

    def get_queryset(self) -> QuerySet[Review]:
        return reviews.of_listing(listing_for(self.request.user, self.kwargs["public_id"]))

    @extend_schema(request=ReviewSerializer, responses={201: ReviewSerializer})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Of the newest version that the caller bought and has not reviewed."""
        listing = listing_for(request.user, public_id)
        asked = ReviewSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        purchase = reviews.to_review(member(request), listing)
        if purchase is None:
            raise Conflict(_("You have bought nothing here that you have not reviewed."), "nothing_to_review")
        review = accepted(lambda: reviews.write(purchase, **asked.validated_data))
        return Response(ReviewSerializer(review).data, status=status.HTTP_201_CREATED)


class ReviewAnswer(APIView):
    required_scope = "sell"

    @extend_schema(request=AnswerSerializer, responses=ReviewSerializer)
    def post(self, request: Request, public_id: UUID, number: int) -> Response:
        """By the seller. Sent again it replaces the last answer."""
        review = get_object_or_404(reviews.of_listing(own_listing(request.user, public_id)), pk=number)
        asked = AnswerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        reviews.answer(review, asked.validated_data["answer"])
        return Response(ReviewSerializer(review).data)


class ReviewOfPurchase(APIView):
    required_scope = "buy"

    @extend_schema(responses=ReviewSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(ReviewSerializer(self.own(request, public_id)).data)

    @extend_schema(request=ReviewSerializer(partial=True), responses=ReviewSerializer)
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Once."""
        review = self.own(request, public_id)
        asked = ReviewSerializer(review, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        columns = ("rating", "text", *reviews.MARKS)
        said = {name: asked.validated_data.get(name, getattr(review, name)) for name in columns}
        return Response(ReviewSerializer(accepted(lambda: reviews.change(review, **said))).data)

    def own(self, request: Request, public_id: UUID) -> Review:
        purchases = own_purchases(member(request)).filter(public_id=public_id)
        return get_object_or_404(Review.objects.select_related("purchase__version"), purchase__in=purchases)


def accepted(write: Callable[[], Review]) -> Review:
    try:
        return write()
    except reviews.ReviewRefused as refused:
        if refused.field:
            raise ValidationError({refused.field: [refused.message]}) from None
        raise Conflict(refused.message, "review_refused") from None
