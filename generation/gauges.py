"""What can be counted about the work, from rows alone: for the staff's page and for Prometheus."""

from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from . import workers
from .models import Dataset, GenerationJob, Generator, JobEvent, JobTask, Notification, SourceSet, Upload

State = JobTask.State


def jobs() -> dict[str, int]:
    """By state, those with none too."""
    return dict.fromkeys(GenerationJob.State.values, 0) | GenerationJob.objects.counts()


def tasks() -> dict[tuple[str, str], int]:
    """By queue and state, those with none too."""
    none = {(queue, state): 0 for queue in workers.QUEUES for state in State.values}
    counted = JobTask.objects.order_by().values_list("queue", "state").annotate(n=Count("pk"))
    return none | {(queue, state): n for queue, state, n in counted}


def runnable() -> QuerySet[JobTask]:
    """Waiting for a worker; not for the time at which they may be tried again."""
    due = Q(not_before__isnull=True) | Q(not_before__lte=timezone.now())
    return JobTask.objects.filter(due, state=State.QUEUED)


def waiting_since() -> dict[str, datetime]:
    """By queue, of whichever task waits the longest for a worker."""
    since = Min(Coalesce("not_before", "created_at"))
    return dict(runnable().order_by().values_list("queue").annotate(since=since))


def overdue() -> QuerySet[JobTask]:
    """Tasks whose worker stopped renewing its lease: the sweeper puts them back within a second."""
    return JobTask.objects.filter(state=State.RUNNING, lease_until__lt=timezone.now())


def failures() -> dict[str, int]:
    """Tasks given up, by kind."""
    failed = JobTask.objects.filter(state=State.FAILED).order_by().values_list("kind").annotate(n=Count("pk"))
    return dict.fromkeys(JobTask.Kind.values, 0) | dict(failed)


def disturbed() -> QuerySet[JobTask]:
    """Tasks that failed and will be tried again."""
    return JobTask.objects.filter(state=State.QUEUED).exclude(last_error="")


def images() -> int:
    """Slots of shards that are done."""
    done = JobTask.objects.filter(queue="sampling", state=State.DONE, kind=JobTask.Kind.SAMPLE)
    return done.aggregate(n=Sum("count"))["n"] or 0


def events() -> int:
    return JobEvent.objects.count()


def stored() -> dict[str, int]:
    """Bytes, by what they are of."""
    sizes = {
        "source_images": SourceSet.objects.aggregate(n=Sum("stored_bytes")),
        "uploads": Upload.objects.filter(state__in=(Upload.State.RECEIVING, Upload.State.CHECKING)).aggregate(
            n=Sum("size")
        ),
        "generators": Generator.objects.aggregate(n=Sum("size")),
        "datasets": Dataset.objects.aggregate(n=Sum("size")),
    }
    return {kind: total["n"] or 0 for kind, total in sizes.items()}


def letters_due() -> int:
    """That were asked for and could not be handed to the mail server yet."""
    due = Notification.objects.filter(mail_due_at__lte=timezone.now(), mailed_at__isnull=True)
    return due.count()
