from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from ..models import Dataset, DatasetFile, GenerationJob, Generator

JSON = dict[str, Any]  # Any: JSON values


class Linked:
    """Answers that name other addresses of the site in full."""

    context: dict[str, Any]  # Any: what a serializer is given

    def address(self, name: str, *arguments: object) -> str:
        request: Request = self.context["request"]
        return request.build_absolute_uri(reverse(name, args=arguments))


class JobUrls(serializers.Serializer[Any]):
    self = serializers.URLField()
    events = serializers.URLField()
    cancel = serializers.URLField()
    stop = serializers.URLField()
    page = serializers.URLField()
    websocket = serializers.CharField()


class JobAnswer(Linked, serializers.ModelSerializer[GenerationJob]):
    id = serializers.UUIDField(source="public_id")
    source_set = serializers.UUIDField(source="source_set.public_id")
    expected_seconds = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    requested = serializers.DictField()
    resolved = serializers.DictField(allow_null=True)
    snapshot = serializers.DictField()
    generator = serializers.UUIDField(source="generator.public_id", default=None, allow_null=True)
    dataset = serializers.SerializerMethodField()
    urls = serializers.SerializerMethodField()

    class Meta:
        model = GenerationJob
        fields = [
            "id",
            "source_set",
            "state",
            "stage",
            "count",
            "sharing",
            "requested",
            "resolved",
            "reason",
            "expected_seconds",
            "created_at",
            "started_at",
            "finished_at",
            "last_event",
            "snapshot",
            "generator",
            "dataset",
            "urls",
        ]

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_dataset(self, job: GenerationJob) -> UUID | None:
        """Looked up only where there is one."""
        dataset = getattr(job, "dataset", None) if job.state == GenerationJob.State.SUCCEEDED else None
        return dataset and dataset.public_id

    @extend_schema_field(JobUrls)
    def get_urls(self, job: GenerationJob) -> dict[str, str]:
        names = {"self": "api-job", "events": "api-job-events", "cancel": "api-job-cancel", "stop": "api-job-stop"}
        urls = {key: self.address(name, job.public_id) for key, name in names.items()}
        websocket = self.context["request"].build_absolute_uri(f"/ws/jobs/{job.public_id}/")
        return urls | {"page": self.address("job", job.public_id), "websocket": websocket.replace("http", "ws", 1)}


class GeneratorAnswer(serializers.ModelSerializer[Generator]):
    id = serializers.UUIDField(source="public_id")
    source_set = serializers.UUIDField(source="source_set.public_id")
    recipe = serializers.DictField()
    metrics = serializers.DictField()

    class Meta:
        model = Generator
        fields = ["id", "source_set", "recipe", "sha256", "size", "metrics", "next_slot", "created_at"]


class FileAnswer(serializers.ModelSerializer[DatasetFile]):
    class Meta:
        model = DatasetFile
        fields = ["kind", "name", "size", "sha256"]


class DatasetAnswer(Linked, serializers.ModelSerializer[Dataset]):
    id = serializers.UUIDField(source="public_id")
    labels = serializers.ListField(child=serializers.CharField(allow_blank=True))
    report = serializers.DictField()
    generator = serializers.UUIDField(source="generator.public_id")
    job = serializers.UUIDField(source="job.public_id")
    files = FileAnswer(many=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = [
            "id",
            "name",
            "version",
            "count",
            "resolution",
            "channels",
            "labels",
            "size",
            "content_hash",
            "report",
            "generator",
            "job",
            "files",
            "url",
            "created_at",
        ]

    def get_url(self, dataset: Dataset) -> str:
        return self.address("api-dataset", dataset.public_id)


class ImageAnswer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    file = serializers.CharField()
    sha256 = serializers.CharField()
    slot = serializers.IntegerField()
    attempt = serializers.IntegerField()
    seed = serializers.IntegerField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field of this name
    distance = serializers.FloatField()


class ImagePage(serializers.Serializer[Any]):
    results = ImageAnswer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
