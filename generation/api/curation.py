from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access, bitmaps, curation, measures
from ..curation import CurationRefused
from ..measures import MEASURES
from ..models import Dataset, GenerationJob, JobTask
from .answers import JobAnswer
from .formats import problem
from .jobs import JobMaker

MOST_SHOWN = 10_000


class NotMeasured(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "not_measured"


class Threshold(serializers.Serializer[Any]):
    by = serializers.ChoiceField(list(MEASURES), required=False)
    threshold = serializers.FloatField(required=False, min_value=0, max_value=1e6)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if ("by" in asked) != ("threshold" in asked):
            missing = "threshold" if "by" in asked else "by"
            raise ValidationError({missing: [_("Name both a measure and a threshold.")]})
        return asked


class DraftWindow(Threshold):
    first = serializers.IntegerField(min_value=0, default=0)
    count = serializers.IntegerField(min_value=1, max_value=MOST_SHOWN, default=1000)


class Change(Threshold):
    """One of these at a time; `by` and `threshold` belong together."""

    reject = serializers.ListField(child=serializers.IntegerField(min_value=0), required=False, max_length=MOST_SHOWN)
    keep = serializers.ListField(child=serializers.IntegerField(min_value=0), required=False, max_length=MOST_SHOWN)
    keep_all = serializers.BooleanField(required=False)
    undo = serializers.BooleanField(required=False)
    measure = serializers.BooleanField(required=False, help_text="Have all images measured, for thresholds.")

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        asked = {name: value for name, value in super().validate(asked).items() if value is not False}
        if len(asked.keys() - {"threshold"}) != 1:
            raise ValidationError(_("Ask for one change at a time: reject, keep, keep_all, undo, measure, or by."))
        return asked


class BeyondAnswer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Images beyond the threshold.")
    new = serializers.IntegerField(help_text="Of these, images that it would reject and that are not rejected yet.")


class DraftAnswer(serializers.Serializer[Any]):
    dataset = serializers.UUIDField()
    count = serializers.IntegerField(help_text="Images of the dataset.")
    rejected_count = serializers.IntegerField()
    undoable = serializers.BooleanField()
    measured = serializers.ChoiceField(["no", "waiting", "yes"], help_text="Whether thresholds can be asked about.")
    beyond = BeyondAnswer(allow_null=True)
    rejected = serializers.ListField(child=serializers.IntegerField(), help_text="Those from `first` on.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class Finish(serializers.Serializer[Any]):
    mail_when_done = serializers.BooleanField(default=False, help_text="Whether to tell by e-mail when it ends.")


class DatasetCuration(JobMaker):
    """Which images are to be rejected, kept as a draft; finished, a job makes a refined dataset of it."""

    serializer_class = JobAnswer

    @extend_schema(parameters=[DraftWindow], responses={200: DraftAnswer, **problem(409)})
    def get(self, request: Request, public_id: UUID) -> Response:
        dataset = access.own_dataset(request.user, public_id)
        window = DraftWindow(data=request.query_params)
        window.is_valid(raise_exception=True)
        return Response(self.standing(dataset, **window.validated_data))

    @extend_schema(request=Change, responses=DraftAnswer)
    def patch(self, request: Request, public_id: UUID) -> Response:
        dataset = access.own_dataset(request.user, public_id)
        asked = Change(data=request.data)
        asked.is_valid(raise_exception=True)
        self.change(dataset, asked.validated_data)
        return Response(self.standing(dataset, 0, 1000))

    @extend_schema(request=Finish, responses={201: JobAnswer})
    def post(self, request: Request, public_id: UUID) -> Response:
        return self.create(request, public_id=public_id)

    def made(self, request: Request, **address: UUID) -> GenerationJob:
        dataset = access.own_dataset(request.user, address["public_id"])
        asked = Finish(data=request.data)
        asked.is_valid(raise_exception=True)
        return curation.finish(dataset, request.user, mail=asked.validated_data["mail_when_done"])

    def change(self, dataset: Dataset, asked: dict[str, Any]) -> None:  # Any: the fields of Change
        (field,) = asked.keys() - {"threshold"}
        if field == "by":
            self.refuse_unmeasured(dataset)
        try:
            if field in ("reject", "keep"):
                getattr(curation, field)(dataset, asked[field])
            elif field == "by":
                curation.reject_beyond(dataset, MEASURES[asked["by"]], asked["threshold"])
            elif field == "measure":
                measures.ask(dataset)
            else:
                {"keep_all": curation.keep_all, "undo": curation.undo}[field](dataset)
        except CurationRefused as refusal:
            raise ValidationError({field: [str(refusal)]}) from None

    def refuse_unmeasured(self, dataset: Dataset) -> None:
        if measures.of(dataset) is None:
            raise NotMeasured(_("The images have not been measured yet."))

    def standing(
        self, dataset: Dataset, first: int, count: int, by: str | None = None, threshold: float = 0.0
    ) -> dict[str, Any]:  # Any: JSON values
        bits, after, before = curation.rejected(dataset), first + count, max(0, first - count)
        return {
            "dataset": dataset.public_id,
            "count": dataset.count,
            "rejected_count": bits.bit_count(),
            "undoable": curation.undoable(dataset),
            "measured": self.measured(dataset),
            "beyond": self.beyond(dataset, by, threshold) if by else None,
            "rejected": bitmaps.among(bits, range(first, min(after, dataset.count))),
            "next": self.page(after, count) if after < dataset.count else None,
            "previous": self.page(before, min(count, first)) if first else None,
        }

    def measured(self, dataset: Dataset) -> str:
        if measures.of(dataset) is not None:
            return "yes"
        task = measures.task_of(dataset)
        return "waiting" if task and task.state in (JobTask.State.QUEUED, JobTask.State.RUNNING) else "no"

    def beyond(self, dataset: Dataset, by: str, threshold: float) -> dict[str, int]:
        self.refuse_unmeasured(dataset)
        found = curation.beyond(dataset, MEASURES[by], threshold)
        return {"count": found.count, "new": len(found.new)}

    def page(self, first: int, count: int) -> str:
        return self.request.build_absolute_uri(f"{self.request.path}?first={first}&count={count}")
