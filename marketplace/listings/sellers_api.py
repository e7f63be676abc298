"""Sellers and questions to them, for programs."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.authentication import ReadableByAll, member
from marketplace.accounts.conflicts import Conflict
from marketplace.accounts.models import User

from . import questions, sellers
from .access import listing_for
from .models import Question, SellerProfile


class BusinessSerializer(serializers.ModelSerializer[SellerProfile]):
    # Of a private person it is empty, which no address of that format is.
    contact_email = serializers.CharField(read_only=True)

    class Meta:
        model = SellerProfile
        fields = [*sellers.BUSINESS_DATA, "verified_at"]
        read_only_fields = fields


class SellerStandingSerializer(serializers.Serializer[sellers.Standing]):
    on_sale = serializers.IntegerField()
    sold = serializers.IntegerField()
    ratings = serializers.IntegerField()
    rating = serializers.FloatField(allow_null=True)
    followers = serializers.IntegerField()


class PublicSellerSerializer(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    about = serializers.SerializerMethodField()
    website = serializers.SerializerMethodField()
    business = serializers.SerializerMethodField()
    standing = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "name", "date_joined", "about", "website", "business", "standing"]
        read_only_fields = fields

    def get_about(self, seller: User) -> str:
        return sellers.profile_of(seller).about

    def get_website(self, seller: User) -> str:
        return sellers.profile_of(seller).website

    @extend_schema_field(BusinessSerializer)
    def get_business(self, seller: User) -> object:
        return BusinessSerializer(sellers.profile_of(seller)).data

    @extend_schema_field(SellerStandingSerializer)
    def get_standing(self, seller: User) -> object:
        return SellerStandingSerializer(sellers.standing(seller)).data


class Seller(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=PublicSellerSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(PublicSellerSerializer(sellers.seller_for(request.user, public_id)).data)


class QuestionSerializer(serializers.ModelSerializer[Question]):
    number = serializers.IntegerField(source="pk", read_only=True)
    listing = serializers.UUIDField(source="listing.public_id", read_only=True)

    class Meta:
        model = Question
        fields = ["number", "listing", "text", "created_at", "answer", "answered_at"]
        read_only_fields = ["created_at", "answer", "answered_at"]


class WordsSerializer(serializers.Serializer[Question]):
    text = serializers.CharField(max_length=2 * questions.LENGTHS[1])


def refused(why: questions.QuestionRefused) -> Exception:
    return ValidationError({"text": [why.message]})


class QuestionList(GenericAPIView[Question]):
    permission_classes = [ReadableByAll]
    required_scope = "buy"
    serializer_class = QuestionSerializer
    queryset = Question.objects.none()

    @extend_schema(responses=QuestionSerializer(many=True))
    def get(self, request: Request, public_id: UUID) -> Response:
        """Answered ones; to whoever asked or sells also those that wait."""
        rows = questions.shown_on(listing_for(request.user, public_id), request.user).select_related("listing")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(QuestionSerializer(page, many=True).data)

    @extend_schema(request=WordsSerializer, responses={201: QuestionSerializer})
    def post(self, request: Request, public_id: UUID) -> Response:
        listing = listing_for(request.user, public_id)
        asked = WordsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            question = questions.ask(member(request), listing, asked.validated_data["text"])
        except questions.QuestionRefused as why:
            raise refused(why) from None
        return Response(QuestionSerializer(question).data, status=status.HTTP_201_CREATED)


class WaitingSerializer(serializers.Serializer[None]):
    waiting = serializers.BooleanField(default=False, help_text="Only those without an answer.")


class MyQuestions(ListAPIView[Question]):
    required_scope = "sell"
    serializer_class = QuestionSerializer
    queryset = Question.objects.none()

    def get_queryset(self) -> QuerySet[Question]:
        asked = WaitingSerializer(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        rows = questions.of_seller(member(self.request))
        return rows.filter(answered_at__isnull=True) if asked.validated_data["waiting"] else rows

    @extend_schema(summary="What you were asked about your listings", parameters=[WaitingSerializer])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return super().get(request, *args, **kwargs)


class AnswerQuestion(APIView):
    required_scope = "sell"

    @extend_schema(request=WordsSerializer, responses=QuestionSerializer)
    def post(self, request: Request, number: int) -> Response:
        question = questions.to_answer(request.user, number)
        asked = WordsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            saved = questions.answer(question, asked.validated_data["text"])
        except questions.QuestionRefused as why:
            raise refused(why) from None
        if not saved:
            raise Conflict(questions.hidden_meanwhile())
        question.refresh_from_db()
        return Response(QuestionSerializer(question).data)
