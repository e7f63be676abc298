from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import access, bundles, gallery, removal
from ..downloads import bundle_response
from ..models import Dataset
from ..negotiation import FileNegotiation
from .answers import DatasetAnswer, ImageAnswer, ImagePage
from .curation import DatasetCuration
from .formats import RANGE, file_answers

MOST_IMAGES = 200


class DatasetList(generics.ListAPIView[Dataset]):
    required_scope = "generate"
    serializer_class = DatasetAnswer
    queryset = Dataset.objects.select_related("generator", "job").prefetch_related("files")

    def get_queryset(self) -> QuerySet[Dataset]:
        return access.visible(super().get_queryset(), self.request.user)


class NewName(serializers.ModelSerializer[Dataset]):
    class Meta:
        model = Dataset
        fields = ["name"]


class Kept(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "dataset_kept"


class DatasetDetail(generics.GenericAPIView[Dataset]):
    required_scope = "generate"
    serializer_class = DatasetAnswer

    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(self.get_serializer(access.dataset_for(request.user, public_id)).data)

    @extend_schema(request=NewName)
    def patch(self, request: Request, public_id: UUID) -> Response:
        row = access.own_dataset(request.user, public_id)
        asked = NewName(row, data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(self.get_serializer(asked.save()).data)

    def delete(self, request: Request, public_id: UUID) -> Response:
        try:
            removal.delete(access.own_dataset(request.user, public_id))
        except removal.DatasetKept as reason:
            raise Kept(str(reason)) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class Window(serializers.Serializer[Any]):
    first = serializers.IntegerField(min_value=0, default=0)
    count = serializers.IntegerField(min_value=1, max_value=MOST_IMAGES, default=60)


class DatasetImages(APIView):
    required_scope = "generate"

    @extend_schema(parameters=[Window], responses=ImagePage)
    def get(self, request: Request, public_id: UUID) -> Response:
        dataset = access.dataset_for(request.user, public_id)
        window = Window(data=request.query_params)
        window.is_valid(raise_exception=True)
        first, count = window.validated_data["first"], window.validated_data["count"]
        if first >= dataset.count:
            raise Http404
        entries = gallery.entries(dataset, first, count)
        rows = [{"index": index, **entry} for index, entry in enumerate(entries, start=first)]
        return Response({"results": ImageAnswer(rows, many=True).data} | self.neighbours(dataset, first, count))

    def neighbours(self, dataset: Dataset, first: int, count: int) -> dict[str, str | None]:
        before, after = max(0, first - count), first + count
        return {
            "next": self.page(after, count) if after < dataset.count else None,
            "previous": self.page(before, min(count, first)) if first else None,
        }

    def page(self, first: int, count: int) -> str:
        return self.request.build_absolute_uri(f"?first={first}&count={count}")


class Part(serializers.Serializer[Any]):
    part = serializers.IntegerField(min_value=1, default=1)


class DatasetBundle(APIView):
    """The owner's own download."""

    required_scope = "generate"
    content_negotiation_class = FileNegotiation

    @extend_schema(parameters=[Part, RANGE], responses=file_answers("application/zip"))
    def get(self, request: Request, public_id: UUID) -> HttpResponseBase:
        parts = bundles.owner_bundles(access.dataset_for(request.user, public_id))
        wanted = Part(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        number = wanted.validated_data["part"]
        if number > len(parts):
            raise Http404
        return bundle_response(request._request, parts[number - 1])


urlpatterns = [
    path("datasets/", DatasetList.as_view(), name="api-dataset-list"),
    path("datasets/<uuid:public_id>/", DatasetDetail.as_view(), name="api-dataset"),
    path("datasets/<uuid:public_id>/curation/", DatasetCuration.as_view(), name="api-dataset-curation"),
    path("datasets/<uuid:public_id>/images/", DatasetImages.as_view(), name="api-dataset-images"),
    path("datasets/<uuid:public_id>/bundle/", DatasetBundle.as_view(), name="api-dataset-bundle"),
]
