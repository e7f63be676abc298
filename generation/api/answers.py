from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from .. import lineage, waiting
from ..models import Dataset, DatasetFile, GenerationJob, Generator
from ..waiting import Waiting

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
    again = serializers.URLField()
    resume = serializers.URLField()
    page = serializers.URLField()
    websocket = serializers.CharField()


class WaitingAnswer(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="In the queue; 1 is next.")
    ahead = serializers.IntegerField()
    reason = serializers.CharField()


class ChangeAnswer(serializers.Serializer[Any]):
    field = serializers.CharField()
    name = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class JobAnswers(serializers.ListSerializer[GenerationJob]):
    """Where they stand in the queues is asked once for all of them."""

    def to_representation(self, data: Any) -> list[Any]:  # Any: a page or a query set; JSON values
        rows = list(data)
        assert isinstance(self.child, JobAnswer)
        self.child.standing = waiting.of_all(rows)
        return super().to_representation(rows)


class JobAnswer(Linked, serializers.ModelSerializer[GenerationJob]):
    standing: dict[int, Waiting] | None = None
    id = serializers.UUIDField(source="public_id")
    source_set = serializers.UUIDField(source="source_set.public_id")
    expected_seconds = serializers.ListField(
        child=serializers.FloatField(), max_length=2, help_text="From and to; empty where nothing was expected."
    )
    requested = serializers.DictField()
    resolved = serializers.DictField(allow_null=True)
    snapshot = serializers.DictField()
    generator = serializers.UUIDField(source="generator.public_id", default=None, allow_null=True)
    dataset = serializers.SerializerMethodField()
    origin = serializers.SerializerMethodField(
        help_text="How it came from its parent: more, again, resumed or refined; or new."
    )
    parent = serializers.UUIDField(  # type: ignore[assignment]  # a field of this name
        source="parent.public_id", default=None, allow_null=True
    )
    changes = serializers.SerializerMethodField(help_text="What is different from its parent, in words.")
    children = serializers.SerializerMethodField()
    waiting = serializers.SerializerMethodField()
    urls = serializers.SerializerMethodField()

    class Meta:
        model = GenerationJob
        list_serializer_class = JobAnswers
        fields = [
            "id",
            "source_set",
            "origin",
            "parent",
            "changes",
            "children",
            "state",
            "stage",
            "waiting",
            "count",
            "sharing",
            "requested",
            "resolved",
            "reason",
            "expected_seconds",
            "mail_when_done",
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

    def get_origin(self, job: GenerationJob) -> str:
        return job.origin or "new"

    @extend_schema_field(ChangeAnswer(many=True))
    def get_changes(self, job: GenerationJob) -> list[JSON]:
        return list(ChangeAnswer(lineage.changes(job), many=True).data)

    def get_children(self, job: GenerationJob) -> list[UUID]:
        return [child.public_id for child in job.children.all()]

    @extend_schema_field(WaitingAnswer(allow_null=True))
    def get_waiting(self, job: GenerationJob) -> JSON | None:
        place = waiting.of(job) if self.standing is None else self.standing.get(job.pk)
        return asdict(place) if place else None

    @extend_schema_field(JobUrls)
    def get_urls(self, job: GenerationJob) -> dict[str, str]:
        acts = ("events", "cancel", "stop", "again", "resume")
        names = {"self": "api-job"} | {act: f"api-job-{act}" for act in acts}
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
