from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.authentication import member
from marketplace.accounts.conflicts import Conflict
from marketplace.listings.access import listing_for

from .decisions import DecisionRefused, TooLate, decide, may_decide
from .models import Decision
from .serializers import DecideSerializer, DecisionSerializer


class DecisionList(APIView):
    """Staff decide about the version in review, and read what was decided before."""

    required_scope = "moderate"

    @extend_schema(responses=DecisionSerializer(many=True))
    def get(self, request: Request, public_id: UUID) -> Response:
        decisions = Decision.objects.filter(version__listing=listing_for(request.user, public_id))
        return Response(DecisionSerializer(decisions.select_related("version", "moderator"), many=True).data)

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
