import shutil
from collections.abc import Callable
from typing import IO, TypeVar
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import access, bucket, selections, source_sets, summaries, uploads
from ..models import SourceImage, SourceSet, Upload
from .serializers import (
    DeletedAnswer,
    LinksAnswer,
    LinksRequest,
    SelectionRequest,
    SourceImageAnswer,
    SourceSetAnswer,
    SourceSetName,
    SourceSetRequest,
    UploadAnswer,
    UploadRequest,
)

Result = TypeVar("Result")
CHUNK = 64 * 1024


class Octets(BaseParser):
    """The body as a file on disk, which storage moves into place: eight megabytes never pass through memory."""

    media_type = "application/octet-stream"

    def parse(  # type: ignore[override]  # a file, and no form in it
        self, stream: IO[bytes], media_type: object = None, parser_context: object = None
    ) -> TemporaryUploadedFile:
        file = TemporaryUploadedFile("part", None, 0, None)
        shutil.copyfileobj(stream, file, CHUNK)
        file.size = file.tell()
        file.seek(0)
        return file


def described(source_set: SourceSet, found: uploads.Summary, request: Request) -> dict[str, object]:
    return {
        "id": source_set.public_id,
        "name": source_set.name,
        "version": source_set.version,
        "sealed": source_set.sealed_at is not None,
        "images": {
            name: getattr(found, name)
            for name in ("total", "accepted", "fixed", "rejected", "duplicates", "similar", "checking")
        },
        "labels": found.labels,
        "reasons": found.reasons,
        "flags": found.flags,
        "enlarged": found.enlarged,
        "enough": found.enough,
        "advice": found.advice,
        "cautions": found.cautions,
        "stored_bytes": source_set.stored_bytes,
        "url": request.build_absolute_uri(reverse("api-source-set", args=[source_set.public_id])),
    }


def attempt(call: Callable[[], Result]) -> Result:
    try:
        return call()
    except uploads.UploadRefused as refusal:
        raise ValidationError({refusal.field: [refusal.message]}) from None


class SourceSetList(generics.GenericAPIView[SourceSet]):
    required_scope = "generate"
    serializer_class = SourceSetAnswer

    def get_queryset(self) -> QuerySet[SourceSet]:
        return access.visible(SourceSet.objects.all(), self.request.user)

    @extend_schema(operation_id="source_sets_list", responses=SourceSetAnswer(many=True))
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        found = summaries.by_set(page)
        return self.get_paginated_response([described(row, found[row.pk], request) for row in page])

    @extend_schema(request=SourceSetRequest, responses={201: SourceSetAnswer})
    def post(self, request: Request) -> Response:
        form = SourceSetRequest(data=request.data)
        form.is_valid(raise_exception=True)
        name, declaration = form.validated_data["name"], form.validated_data["declaration"]
        source_set = attempt(lambda: source_sets.create(request.user, name, declaration))
        return Response(described(source_set, uploads.summary(source_set), request), status=status.HTTP_201_CREATED)


class SourceSetDetail(APIView):
    required_scope = "generate"

    @extend_schema(responses=SourceSetAnswer)
    def get(self, request: Request, public_id: UUID) -> Response:
        source_set = access.source_set_for(request.user, public_id)
        return Response(described(source_set, uploads.summary(source_set), request))

    @extend_schema(request=SourceSetName, responses=SourceSetAnswer)
    def patch(self, request: Request, public_id: UUID) -> Response:
        source_set = access.own_source_set(request.user, public_id)
        form = SourceSetName(data=request.data)
        form.is_valid(raise_exception=True)
        source_sets.rename(source_set, form.validated_data["name"])
        return Response(described(source_set, uploads.summary(source_set), request))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        source_set = access.own_source_set(request.user, public_id)
        attempt(lambda: source_sets.delete(source_set))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SourceImageList(generics.ListAPIView[SourceImage]):
    """All images, or those that `which` names: a verdict, a flag, flagged, similar."""

    required_scope = "generate"
    serializer_class = SourceImageAnswer

    def get_queryset(self) -> QuerySet[SourceImage]:
        source_set = access.source_set_for(self.request.user, self.kwargs["public_id"])
        return selections.selected(source_set, self.request.query_params.get("which", "")).defer("look")

    @extend_schema(
        operation_id="source_sets_images_bulk_destroy",
        parameters=[SelectionRequest],
        responses={200: DeletedAnswer},
    )
    def delete(self, request: Request, public_id: UUID) -> Response:
        source_set = access.own_source_set(request.user, public_id)
        form = SelectionRequest(data=request.data or request.query_params)
        form.is_valid(raise_exception=True)
        chosen = selections.selected(source_set, form.validated_data["which"])
        return Response({"deleted": attempt(lambda: selections.delete(source_set, chosen))})


class SourceImageDetail(APIView):
    required_scope = "generate"

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: UUID, image_id: int) -> Response:
        source_set = access.own_source_set(request.user, public_id)
        image = get_object_or_404(source_set.images, pk=image_id)
        attempt(lambda: selections.delete(source_set, source_set.images.filter(pk=image.pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class UploadList(generics.ListAPIView[Upload]):
    """Those that wait to be gone on with have the state `receiving`."""

    required_scope = "generate"
    serializer_class = UploadAnswer

    def get_queryset(self) -> QuerySet[Upload]:
        source_set = access.source_set_for(self.request.user, self.kwargs["public_id"])
        state = self.request.query_params.get("state")
        return source_set.uploads.filter(state=state) if state else source_set.uploads.all()

    @extend_schema(request=UploadRequest, responses={201: UploadAnswer})
    def post(self, request: Request, public_id: UUID) -> Response:
        source_set = access.own_source_set(request.user, public_id)
        form = UploadRequest(data=request.data)
        form.is_valid(raise_exception=True)
        upload = attempt(lambda: uploads.begin(source_set, **form.validated_data))
        return Response(UploadAnswer(upload).data, status=status.HTTP_201_CREATED)


class UploadDetail(APIView):
    required_scope = "generate"

    @extend_schema(responses=UploadAnswer)
    def get(self, request: Request, public_id: UUID, upload_id: UUID) -> Response:
        upload = access.own_upload(request.user, public_id, upload_id)
        upload.parts = uploads.arrived(upload)
        return Response(UploadAnswer(upload).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: UUID, upload_id: UUID) -> Response:
        upload = access.own_upload(request.user, public_id, upload_id)
        attempt(lambda: uploads.drop(upload))
        return Response(status=status.HTTP_204_NO_CONTENT)


class UploadPart(APIView):
    required_scope = "generate"
    parser_classes = [Octets]

    @extend_schema(request={"application/octet-stream": bytes}, responses=UploadAnswer)
    def put(self, request: Request, public_id: UUID, upload_id: UUID, number: int) -> Response:
        upload = access.own_upload(request.user, public_id, upload_id)
        data = request.data if isinstance(request.data, TemporaryUploadedFile) else ContentFile(b"")
        # Closed here: once storage has moved it away, closing it later would only fail.
        with data as file:
            return Response(UploadAnswer(attempt(lambda: uploads.put_part(upload, number, file))).data)


class UploadLinks(APIView):
    """Addresses at which these parts are PUT, without a token: straight to the store where there is one for files."""

    required_scope = "generate"

    @extend_schema(request=LinksRequest, responses=LinksAnswer)
    def post(self, request: Request, public_id: UUID, upload_id: UUID) -> Response:
        upload = access.own_upload(request.user, public_id, upload_id)
        form = LinksRequest(data=request.data)
        form.is_valid(raise_exception=True)
        found = self.links(request, upload, form.validated_data["numbers"])
        return Response({"links": [{"number": number, "url": url} for number, url in found.items()]})

    def links(self, request: Request, upload: Upload, numbers: list[int]) -> dict[int, str]:
        if not bucket.is_used():
            raise ValidationError({"numbers": [_("Here parts are sent to this site: PUT them at parts/{number}/.")]})
        return attempt(lambda: uploads.part_links(upload, numbers))


class UploadComplete(APIView):
    required_scope = "generate"

    @extend_schema(request=None, responses={202: UploadAnswer})
    def post(self, request: Request, public_id: UUID, upload_id: UUID) -> Response:
        upload = access.own_upload(request.user, public_id, upload_id)
        completed = attempt(lambda: uploads.complete(upload))
        return Response(UploadAnswer(completed).data, status=status.HTTP_202_ACCEPTED)


urlpatterns = [
    path("source-sets/", SourceSetList.as_view(), name="api-source-set-list"),
    path("source-sets/<uuid:public_id>/", SourceSetDetail.as_view(), name="api-source-set"),
    path("source-sets/<uuid:public_id>/images/", SourceImageList.as_view(), name="api-source-images"),
    path("source-sets/<uuid:public_id>/images/<int:image_id>/", SourceImageDetail.as_view(), name="api-source-image"),
    path("source-sets/<uuid:public_id>/uploads/", UploadList.as_view(), name="api-upload-list"),
    path("source-sets/<uuid:public_id>/uploads/<uuid:upload_id>/", UploadDetail.as_view(), name="api-upload"),
    path(
        "source-sets/<uuid:public_id>/uploads/<uuid:upload_id>/parts/<int:number>/",
        UploadPart.as_view(),
        name="api-upload-part",
    ),
    path(
        "source-sets/<uuid:public_id>/uploads/<uuid:upload_id>/links/",
        UploadLinks.as_view(),
        name="api-upload-links",
    ),
    path(
        "source-sets/<uuid:public_id>/uploads/<uuid:upload_id>/complete/",
        UploadComplete.as_view(),
        name="api-upload-complete",
    ),
]
