from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access
from ..models import Generator
from .answers import GeneratorAnswer


class GeneratorList(generics.ListAPIView[Generator]):
    required_scope = "generate"
    serializer_class = GeneratorAnswer
    queryset = Generator.objects.select_related("source_set")

    def get_queryset(self) -> QuerySet[Generator]:
        return access.visible(super().get_queryset(), self.request.user)


class GeneratorDetail(generics.GenericAPIView[Generator]):
    required_scope = "generate"
    serializer_class = GeneratorAnswer

    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(self.get_serializer(access.generator_for(request.user, public_id)).data)


urlpatterns = [
    path("generators/", GeneratorList.as_view(), name="api-generator-list"),
    path("generators/<uuid:public_id>/", GeneratorDetail.as_view(), name="api-generator"),
]
