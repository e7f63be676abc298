from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from generation import formats
from generation.api.formats import FormatAsked, NoRoom, problem
from marketplace.accounts.authentication import member
from marketplace.accounts.models import User

from . import delivery
from .access import own_purchase, purchase_for
from .models import Purchase


class BoughtFileAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.CharField(
        allow_null=True,
        help_text="Needs no token, lasts for a short time, and goes on where a download stopped (Range). Null for "
        "staff, before the buyer agreed that delivery begins, and where it was stopped.",
    )


class BoughtFormatAnswer(serializers.Serializer[Any]):
    format = serializers.ChoiceField(["bundle", "tar", "parquet"])
    state = serializers.ChoiceField(formats.State.choices)
    images_done = serializers.IntegerField(help_text="Images that lie in finished files.")
    files = BoughtFileAnswer(many=True)


class PurchaseFiles(APIView):
    """Every file of a purchase with its size, SHA-256 and a link. Tar shards and Parquet are made when asked for."""

    required_scope = "buy"

    @extend_schema(responses=BoughtFormatAnswer(many=True))
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(answer(purchase_for(request.user, public_id), member(request)))

    @extend_schema(request=FormatAsked, responses={202: BoughtFormatAnswer(many=True), **problem(507)})
    def post(self, request: Request, public_id: UUID) -> Response:
        purchase = own_purchase(member(request), public_id)
        asked = FormatAsked(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            delivery.prepare(purchase, asked.validated_data["format"])
        except delivery.NotDelivered as refused:
            raise PermissionDenied(refused.message, "not_delivered") from None
        except formats.NoRoom as reason:
            raise NoRoom(str(reason)) from None
        fresh = own_purchase(member(request), public_id)
        return Response(answer(fresh, member(request)), status=status.HTTP_202_ACCEPTED)


def answer(purchase: Purchase, reader: User) -> list[dict[str, Any]]:
    linked = delivery.linked(purchase, reader)
    return [
        {
            "format": one.kind,
            "state": one.state,
            "images_done": one.done,
            "files": [
                {
                    "name": file.name,
                    "size": file.size,
                    "sha256": file.sha256,
                    "url": delivery.link(purchase, one.kind, file) if linked else None,
                }
                for file in one.files
            ],
        }
        for one in delivery.formats(purchase)
    ]


urlpatterns = [
    path("purchases/<uuid:public_id>/files/", PurchaseFiles.as_view(), name="api-purchase-files"),
]
