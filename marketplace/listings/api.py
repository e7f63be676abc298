from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from generation.access import dataset_for
from generation.negotiation import FileNegotiation
from marketplace.accounts.authentication import ReadableByAll, member
from marketplace.accounts.conflicts import Conflict

from . import conflicts, drafts
from .access import listing_for, own_listing, version_for
from .filters import SearchFilter, SearchSerializer, ShelfPages, as_asked
from .models import Licence, Listing, ListingVersion
from .rules import ListingRefused
from .samples import sample_response
from .serializers import LicenceSerializer, ListingCreateSerializer, ListingEditSerializer, ListingSerializer


def problem(refused: ListingRefused) -> Exception:
    return ValidationError({refused.field or "non_field_errors": [refused.message]})


class LicenceList(ListAPIView[Licence]):
    permission_classes = [AllowAny]
    serializer_class = LicenceSerializer
    queryset = Licence.objects.filter(offered=True).order_by("id")
    pagination_class = None


class ListingList(GenericAPIView[Listing]):
    permission_classes = [ReadableByAll]
    required_scope = "sell"
    queryset = Listing.objects.all()
    filter_backends = [SearchFilter]

    @extend_schema(parameters=[SearchSerializer], responses=ListingSerializer(many=True))
    def get(self, request: Request) -> Response:
        asked = SearchFilter.asked(request)
        mine = asked["mine"] and request.user.is_authenticated
        if mine:
            page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        else:
            self._paginator = ShelfPages()
            page = self._paginator.paginate(request, as_asked(asked))
        return self.get_paginated_response(ListingSerializer([self.shown(one, mine) for one in page], many=True).data)

    def shown(self, listing: Listing, mine: bool) -> ListingVersion:
        """On the shelf what is on sale, to its seller too; among one's own the newest."""
        on_sale = None if mine else listing.current
        version = on_sale or version_for(self.request.user, listing)
        version.listing = listing
        return version

    @extend_schema(request=ListingCreateSerializer, responses={201: ListingSerializer})
    def post(self, request: Request) -> Response:
        asked = ListingCreateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        fields = dict(asked.validated_data)
        dataset = dataset_for(request.user, fields.pop("dataset"))
        try:
            listing = drafts.create(member(request), dataset, **fields)
        except ListingRefused as refused:
            raise problem(refused) from None
        headers = {"Location": f"{request.path}{listing.public_id}/"}
        return Response(ListingSerializer(listing.latest).data, status=status.HTTP_201_CREATED, headers=headers)


class ListingDetail(APIView):
    permission_classes = [ReadableByAll]
    required_scope = "sell"

    @extend_schema(responses=ListingSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        listing = listing_for(request.user, public_id)
        return Response(ListingSerializer(version_for(request.user, listing)).data)

    @extend_schema(request=ListingEditSerializer(partial=True), responses=ListingSerializer)
    def patch(self, request: Request, public_id: UUID) -> Response:
        listing = own_listing(request.user, public_id)
        asked = ListingEditSerializer(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        try:
            version = drafts.edit(listing, **self.fields(asked.validated_data))
        except drafts.Stale as stale:
            now = version_for(request.user, own_listing(request.user, public_id))
            raise Conflict(stale.message, "stale", **conflicts.members(asked.validated_data, now)) from None
        except ListingRefused as refused:
            raise problem(refused) from None
        return Response(ListingSerializer(version).data)

    def fields(self, asked: dict[str, Any]) -> dict[str, Any]:
        """With the dataset itself in the place of its id."""
        return asked | {"dataset": dataset_for(self.request.user, asked["dataset"])} if "dataset" in asked else asked

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Discards what was never submitted: the whole listing, or the changes since its last version."""
        if not drafts.discard(own_listing(request.user, public_id)):
            raise Conflict(_("There is no draft to discard."))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ListingStep(APIView):
    """A step that the seller takes with the whole listing."""

    required_scope = "sell"

    def take(self, listing: Listing) -> bool:
        raise NotImplementedError

    @extend_schema(request=None, responses={202: ListingSerializer})
    def post(self, request: Request, public_id: UUID) -> Response:
        listing = own_listing(request.user, public_id)
        try:
            moved = self.take(listing)
        except ListingRefused as refused:
            raise problem(refused) from None
        if not moved:
            raise Conflict(_("The listing is %(state)s.") % {"state": listing.get_state_display()})
        return Response(ListingSerializer(listing.latest).data, status=status.HTTP_202_ACCEPTED)


class ListingSubmit(ListingStep):
    def take(self, listing: Listing) -> bool:
        return drafts.submit(listing)


class ListingRecall(ListingStep):
    """The next version leaves the review; the one on sale stays there."""

    def take(self, listing: Listing) -> bool:
        return drafts.recall(listing)


class ListingWithdraw(ListingStep):
    def take(self, listing: Listing) -> bool:
        return drafts.withdraw(listing)


class ListingSample(APIView):
    permission_classes = [AllowAny]
    content_negotiation_class = FileNegotiation

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: UUID) -> HttpResponseBase:
        listing = listing_for(request.user, public_id)
        return sample_response(request._request, version_for(request.user, listing))
