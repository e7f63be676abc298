from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponseBase
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import access, formats
from ..downloads import TYPES, bundle_response
from ..models import Dataset
from ..negotiation import FileNegotiation


def file_answers(*content_types: str) -> dict[Any, Any]:  # Any: what drf-spectacular reads
    whole = {(200, one): OpenApiTypes.BINARY for one in content_types}
    parts = {(206, one): OpenApiTypes.BINARY for one in (*content_types, "multipart/byteranges")}
    return {
        **whole,
        **parts,
        302: OpenApiResponse(description="The store hands it out there, for two minutes. It takes no token."),
        304: None,
        412: None,
        416: None,
        503: OpenApiResponse(description="The store can't be read at the moment."),
    }


def problem(code: int) -> dict[Any, Any]:  # Any: what drf-spectacular reads
    """What a route refuses with beside what all do."""
    return {(code, "application/problem+json"): OpenApiTypes.OBJECT}


# Of every file that goes with a dataset.
FILE_TYPES = sorted({one.partition(";")[0] for one in TYPES.values()})
RANGE = OpenApiParameter("Range", str, OpenApiParameter.HEADER)


class NamedFileAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.CharField()


class FormatAnswer(serializers.Serializer[Any]):
    format = serializers.ChoiceField(["bundle", "tar", "parquet"])
    state = serializers.ChoiceField(formats.State.choices)
    images_done = serializers.IntegerField(help_text="Images that lie in finished files.")
    files = NamedFileAnswer(many=True)


class FormatAsked(serializers.Serializer[Any]):
    format = serializers.ChoiceField([kind.value for kind in formats.MADE])


class NoRoom(APIException):
    status_code = status.HTTP_507_INSUFFICIENT_STORAGE
    default_code = "no_room"


class DatasetFiles(APIView):
    """The owner's own files. Formats other than zip are made when they are first asked for."""

    required_scope = "generate"

    @extend_schema(responses=FormatAnswer(many=True))
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(answer(access.dataset_for(request.user, public_id)))

    @extend_schema(request=FormatAsked, responses={202: FormatAnswer(many=True), **problem(507)})
    def post(self, request: Request, public_id: UUID) -> Response:
        dataset = access.own_dataset(request.user, public_id)
        asked = FormatAsked(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            formats.ask(dataset, asked.validated_data["format"])
        except formats.NoRoom as reason:
            raise NoRoom(str(reason)) from None
        return Response(answer(dataset), status=status.HTTP_202_ACCEPTED)


def answer(dataset: Dataset) -> list[dict[str, Any]]:
    def address(kind: str, name: str) -> str:
        return settings.SITE_URL + reverse("api-dataset-file", args=[dataset.public_id, kind, name])

    return [
        {
            "format": one.kind,
            "state": one.state,
            "images_done": one.done,
            "files": [
                {"name": file.name, "size": file.size, "sha256": file.sha256, "url": address(one.kind, file.name)}
                for file in one.files
            ],
        }
        for one in formats.of_owner(dataset)
    ]


class DatasetFile(APIView):
    required_scope = "generate"
    content_negotiation_class = FileNegotiation

    @extend_schema(parameters=[RANGE], responses=file_answers(*FILE_TYPES))
    def get(self, request: Request, public_id: UUID, kind: str, name: str) -> HttpResponseBase:
        dataset = access.dataset_for(request.user, public_id)
        file = formats.named(formats.of_owner(dataset), kind, name)
        if file is None:
            raise Http404
        return bundle_response(request._request, file)


urlpatterns = [
    path("datasets/<uuid:public_id>/files/", DatasetFiles.as_view(), name="api-dataset-files"),
    path("datasets/<uuid:public_id>/files/<slug:kind>/<str:name>", DatasetFile.as_view(), name="api-dataset-file"),
]
