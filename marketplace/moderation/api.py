from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.authentication import member
from marketplace.accounts.conflicts import Conflict
from marketplace.listings.access import listing_for

from . import appeals, notices
from .decisions import DecisionRefused, TooLate, decide, may_decide
from .models import Appeal, Decision, Notice
from .serializers import (
    AppealSerializer,
    AskSerializer,
    DecideSerializer,
    DecisionSerializer,
    NoticeSerializer,
    ReportSerializer,
)
from .views.notices import reportable


class DecisionList(APIView):
    """Staff decide about the version in review, and read what was decided before."""

    required_scope = "moderate"

    @extend_schema(responses=DecisionSerializer(many=True))
    def get(self, request: Request, public_id: UUID) -> Response:
        decisions = Decision.objects.filter(version__listing=listing_for(request.user, public_id))
        rows = decisions.select_related("version", "moderator", "appeal")
        return Response(DecisionSerializer(rows, many=True).data)

    @extend_schema(request=DecideSerializer, responses={201: DecisionSerializer})
    def post(self, request: Request, public_id: UUID) -> Response:
        listing = listing_for(request.user, public_id)
        if not may_decide(member(request)):
            raise PermissionDenied
        asked = DecideSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        of_review = asked.validated_data["outcome"] in Decision.OF_REVIEW
        version = listing.in_review if of_review else listing.current
        if version is None:
            raise Conflict(_("This listing does not wait for a decision."))
        try:
            decision = decide(version, member(request), **asked.validated_data)
        except TooLate as late:
            raise Conflict(late.message) from None
        except DecisionRefused as refused:
            raise ValidationError({refused.field or "non_field_errors": [refused.message]}) from None
        return Response(DecisionSerializer(decision).data, status=status.HTTP_201_CREATED)


class NoticeList(ListAPIView):
    """What you have reported, and what came of it. POST reports a listing; the same about the same is one notice."""

    required_scope = "account"
    throttle_scope = "reports"
    serializer_class = NoticeSerializer

    def get_queryset(self) -> QuerySet[Notice]:
        return Notice.objects.filter(reporter=self.request.user.pk).select_related("listing")

    @extend_schema(request=ReportSerializer, responses={201: NoticeSerializer})
    def post(self, request: Request) -> Response:
        asked = ReportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(asked.validated_data)  # Any: the notice's fields
        try:
            listing = reportable(fields.pop("listing"))
        except Http404:
            raise ValidationError({"listing": [_("There is no such listing.")]}) from None
        row = notices.report(listing, fields.pop("kind"), reporter=member(request), **fields)
        return Response(NoticeSerializer(row).data, status=status.HTTP_201_CREATED)


class AppealList(ListAPIView):
    """What you have appealed. POST appeals a decision about one of your listings; another person decides again."""

    required_scope = "account"
    serializer_class = AppealSerializer

    def get_queryset(self) -> QuerySet[Appeal]:
        return Appeal.objects.filter(author=self.request.user.pk)

    @extend_schema(request=AskSerializer, responses={201: AppealSerializer})
    def post(self, request: Request) -> Response:
        asked = AskSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        refusals = Decision.objects.filter(outcome__in=Decision.REFUSALS, version__listing__seller=member(request))
        decision = get_object_or_404(refusals, pk=asked.validated_data["decision"])
        try:
            row = appeals.appeal(decision, member(request), asked.validated_data["text"])
        except appeals.AppealRefused as refused:
            if not refused.field:
                raise Conflict(refused.message) from None
            raise ValidationError({refused.field: [refused.message]}) from None
        return Response(AppealSerializer(row).data, status=status.HTTP_201_CREATED)
