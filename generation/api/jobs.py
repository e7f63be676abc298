from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.validators import BaseValidator
from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access, estimates, jobs, limits, sharing
from ..engine import config
from ..engine.config import RecipeError, RecipeRequest
from ..models import GenerationJob
from ..streams import JobEvents
from .answers import JobAnswer


class JobRequest(serializers.Serializer[Any]):
    source_set = serializers.UUIDField(required=False, help_text="To train on. Not with `generator`.")
    generator = serializers.UUIDField(
        required=False,
        help_text="For more images of a generator: of the other fields only `count`, `sharing` and `seed` count.",
    )
    count = serializers.IntegerField(min_value=1, max_value=settings.MAX_COUNT)
    preset = serializers.ChoiceField(config.PRESETS, default="standard")
    resolution = serializers.ChoiceField(config.RESOLUTIONS, default=64)
    kimg = serializers.FloatField(required=False, allow_null=True, help_text="Thousands of images shown in training.")
    minutes = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=limits.MIN_MINUTES,
        max_value=config.MAX_MINUTES,
        help_text="Most minutes to train.",
    )
    labels = serializers.BooleanField(default=False)
    sharing = serializers.ChoiceField(
        sharing.WAYS,
        default="equal",
        help_text="Of a labelled dataset: equally many images of each label, in proportion to the source images, "
        "or `count` images of each.",
    )
    fit = serializers.ChoiceField(config.FITS, default="crop")
    transparency = serializers.ChoiceField(
        config.TRANSPARENCIES, default="white", help_text="Whether transparent images keep it or are put on white."
    )
    seed = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=limits.MAX_SEED)
    mail_when_done = serializers.BooleanField(default=False, help_text="Whether to tell by e-mail when it ends.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in limits.sentences():
            say_what_is_allowed(self.fields[name], name)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if ("source_set" in asked) == ("generator" in asked):
            raise ValidationError({"source_set": [_("Name a source set to train on, or a generator for more images.")]})
        return asked


class JobChanges(JobRequest):
    """What is to be different; whatever is left out stays as it was, but for the seed, which is drawn anew."""

    source_set = generator = None  # type: ignore[assignment]  # how Django REST framework leaves out a field

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if unknown := set(self.initial_data) - set(self.fields):
            raise ValidationError({name: [_("A job has no such setting.")] for name in sorted(unknown)})
        return asked


def say_what_is_allowed(field: "serializers.Field[Any, Any, Any, Any]", name: str) -> None:
    field.error_messages |= limits.messages(name)
    for validator in field.validators:
        if isinstance(validator, BaseValidator):
            validator.message = limits.sentences()[name]


class JobEnded(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "job_ended"
    default_detail = "This job has ended already."


class NothingToResume(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "nothing_to_resume"


def recipe(asked: dict[str, Any]) -> RecipeRequest:
    try:
        return RecipeRequest(**asked)
    except RecipeError as error:
        raise ValidationError({error.field: [limits.sentences()[error.field]]}) from None


class JobMaker(generics.GenericAPIView[GenerationJob]):
    """What answers a call that makes a job."""

    required_scope = "generate"
    serializer_class = JobAnswer

    def create(self, request: Request, **address: UUID) -> Response:
        if not request.user.has_perm("generation.add_generationjob"):
            raise PermissionDenied
        try:
            job = self.made(request, **address)
        except jobs.JobRefused as refusal:
            raise ValidationError({field: [message] for field, message in refusal.errors.items()}) from None
        answer = self.get_serializer(job).data
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": answer["urls"]["self"]})

    def made(self, request: Request, **address: UUID) -> GenerationJob:
        raise NotImplementedError


class JobList(JobMaker, generics.ListAPIView[GenerationJob]):
    queryset = GenerationJob.objects.select_related(
        "source_set", "generator", "dataset", "parent__source_set"
    ).prefetch_related("children")

    def get_queryset(self) -> QuerySet[GenerationJob]:
        return access.visible(super().get_queryset(), self.request.user)

    @extend_schema(request=JobRequest, responses={201: JobAnswer})
    def post(self, request: Request) -> Response:
        return self.create(request)

    def made(self, request: Request, **address: UUID) -> GenerationJob:
        form = JobRequest(data=request.data)
        form.is_valid(raise_exception=True)
        asked = dict(form.validated_data)
        count, way, mail = (asked.pop(name) for name in ("count", "sharing", "mail_when_done"))
        wanted = {"count": count, "way": way, "mail": mail, "seed": asked.pop("seed", None)}
        if "generator" in asked:
            return jobs.more(request.user, access.own_generator(request.user, asked["generator"]), **wanted)
        source_set = access.own_source_set(request.user, asked.pop("source_set"))
        return jobs.submit(request.user, source_set, request=recipe(asked), **wanted)


class JobAgain(JobMaker):
    """The same job once more, with what is named changed, on the newest version of its source set."""

    @extend_schema(request=JobChanges, responses={201: JobAnswer})
    def post(self, request: Request, public_id: UUID) -> Response:
        return self.create(request, public_id=public_id)

    def made(self, request: Request, **address: UUID) -> GenerationJob:
        job = access.own_job(request.user, address["public_id"])
        form = JobChanges(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        names = {"sharing": "way", "mail_when_done": "mail"}
        return jobs.again(job, request.user, **{names.get(name, name): v for name, v in form.validated_data.items()})


class JobResume(JobMaker):
    """Goes on where a job ended that failed, or whose training was stopped early."""

    @extend_schema(request=None, responses={201: JobAnswer})
    def post(self, request: Request, public_id: UUID) -> Response:
        return self.create(request, public_id=public_id)

    def made(self, request: Request, **address: UUID) -> GenerationJob:
        job = access.own_job(request.user, address["public_id"])
        if problem := jobs.resume_problem(job):
            raise NothingToResume(problem)
        return jobs.resume(job, request.user)


class EstimateAnswer(serializers.Serializer[Any]):
    seconds = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    time_runs = serializers.IntegerField(help_text="Earlier jobs that the time is learnt from; 0 where it is a guess.")
    bytes = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    size_known = serializers.BooleanField(help_text="Whether the size follows earlier datasets, or is a guess.")
    quality = serializers.DictField(
        allow_null=True,
        help_text="SWD above the floor of real images: low, middle, high of so many earlier runs; null when unknown.",
    )


class JobEstimate(generics.GenericAPIView[GenerationJob]):
    """What a job would take and how good it would be; nothing is started. The same fields as a job on a source set."""

    required_scope = "generate"
    serializer_class = EstimateAnswer

    @extend_schema(request=JobRequest, responses=EstimateAnswer)
    def post(self, request: Request) -> Response:
        form = JobRequest(data=request.data)
        form.is_valid(raise_exception=True)
        asked = dict(form.validated_data)
        if "source_set" not in asked:
            raise ValidationError({"source_set": [_("Name the source set that would be trained on.")]})
        source_set = access.own_source_set(request.user, asked.pop("source_set"))
        count, way = asked.pop("count"), asked.pop("sharing")
        wanted = recipe({name: value for name, value in asked.items() if name not in ("seed", "mail_when_done")})
        count = sharing.total(count, way, sharing.learnt(source_set, wanted))
        found = estimates.estimate(source_set, wanted, count)
        return Response(asdict(found))


class JobDetail(generics.GenericAPIView[GenerationJob]):
    required_scope = "generate"
    serializer_class = JobAnswer

    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(self.get_serializer(access.job_for(request.user, public_id)).data)


class JobCancel(generics.GenericAPIView[GenerationJob]):
    required_scope = "generate"
    serializer_class = JobAnswer

    @extend_schema(request=None, responses={202: JobAnswer})
    def post(self, request: Request, public_id: UUID) -> Response:
        job = access.own_job(request.user, public_id)
        if not self.act(job):
            raise JobEnded
        return Response(self.get_serializer(job).data, status=status.HTTP_202_ACCEPTED)

    def act(self, job: GenerationJob) -> bool:
        return jobs.cancel(job)


class JobStop(JobCancel):
    def act(self, job: GenerationJob) -> bool:
        return jobs.stop(job)


urlpatterns = [
    path("jobs/", JobList.as_view(), name="api-job-list"),
    path("jobs/estimate/", JobEstimate.as_view(), name="api-job-estimate"),
    path("jobs/<uuid:public_id>/", JobDetail.as_view(), name="api-job"),
    path("jobs/<uuid:public_id>/events/", JobEvents.as_view(), name="api-job-events"),
    path("jobs/<uuid:public_id>/cancel/", JobCancel.as_view(), name="api-job-cancel"),
    path("jobs/<uuid:public_id>/stop/", JobStop.as_view(), name="api-job-stop"),
    path("jobs/<uuid:public_id>/again/", JobAgain.as_view(), name="api-job-again"),
    path("jobs/<uuid:public_id>/resume/", JobResume.as_view(), name="api-job-resume"),
]
