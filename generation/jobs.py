"""What the web side asks of a job: submit it, run it again, go on with it, cancel it, stop it and keep the best."""

import secrets
from dataclasses import fields, replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from . import blocking, claims, endings, events, leftovers, limits, memory, notifications, refinements, room, sharing
from .access import Person
from .engine import config
from .engine.config import RecipeError, RecipeRequest
from .estimates import expected_seconds, remaining_seconds, sampling_seconds
from .models import Dataset, DatasetFile, GenerationJob, Generator, JobTask, Refinement, SourceSet, Upload

State = GenerationJob.State
Intent = GenerationJob.StopIntent
Origin = GenerationJob.Origin
RECIPE = frozenset(field.name for field in fields(RecipeRequest)) - {"seed"}


class JobRefused(Exception):
    """A job that can't be taken; `errors` says by field why, and what to do."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


def submit(
    owner: Person,
    source_set: SourceSet,
    *,
    count: int,
    request: RecipeRequest,
    parent: GenerationJob | None = None,
    seed: int | None = None,
    way: str = GenerationJob.Sharing.EQUAL,
    mail: bool = False,
) -> GenerationJob:
    """Nothing here grows with the number of source images: intake has counted them and made their fingerprint.

    `way` is one of sharing.WAYS; with "each", `count` is that of each label. `parent` is the job that it runs again.
    """
    labels = sharing.learnt(source_set, request)
    count = sharing.total(count, way, labels)
    check(
        count=count_problem(count) or room.problem(source_set, request, count),
        source_set=set_problem(source_set),
        resolution=memory.problem(source_set, request),
        labels=label_problem(source_set, request),
        sharing=sharing.problem(way, labels),
    )
    seed = secrets.randbits(63) if seed is None else seed
    # Before the transaction, which holds the database's one write lock.
    seconds = expected_seconds(source_set, request, count)
    with transaction.atomic():
        if source_set.sealed_at is None:
            source_set.seal()
        return begin(
            owner_id=owner.pk,
            source_set=source_set,
            count=count,
            sharing=sharing.kept(way),
            seed=seed,
            requested=replace(request, seed=seed).to_dict(),
            expected_seconds=seconds,
            parent=parent,
            origin=Origin.AGAIN if parent else Origin.NEW,
            mail_when_done=mail,
        )


def more(
    owner: Person,
    generator: Generator,
    *,
    count: int,
    parent: GenerationJob | None = None,
    seed: int | None = None,
    way: str = GenerationJob.Sharing.EQUAL,
    mail: bool = False,
) -> GenerationJob:
    """More images of a generator that exists: nothing is trained, and no image is one that it made before.

    Its parent is the job that trained the generator, unless it runs another again.
    """
    seed = secrets.randbits(63) if seed is None else seed
    request = replace(request_of(generator), seed=seed)
    labels = len(generator.recipe["classes"])
    count = sharing.total(count, way, labels)
    check(
        count=count_problem(count) or room.problem(generator.source_set, request, count),
        source_set=blocking.problem(generator.source_set),
        sharing=sharing.problem(way, labels),
    )
    with transaction.atomic():
        return begin(
            owner_id=owner.pk,
            source_set=generator.source_set,
            count=count,
            sharing=sharing.kept(way),
            seed=seed,
            requested=request.to_dict(),
            expected_seconds=sampling_seconds(request.resolution, count),
            parent=parent or generator.jobs.filter(starts_from__isnull=True).order_by("pk").first(),
            origin=Origin.AGAIN if parent else Origin.MORE,
            starts_from=generator,
            mail_when_done=mail,
        )


def refine(dataset: Dataset, owner: Person, rejected: set[int], *, mail: bool = False) -> GenerationJob:
    """A dataset in which new images of the same generator have the places of the rejected ones; all others stay.

    Nothing is trained. The new images are screened like any others.
    """
    request = replace(request_of(dataset.generator), seed=secrets.randbits(63))
    check(
        rejected=refine_problem(dataset, rejected),
        source_set=blocking.problem(dataset.generator.source_set),
        count=room.problem(dataset.generator.source_set, request, dataset.count),
    )
    with transaction.atomic():
        # Whoever deletes it at the same time comes before, or after.
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        job = begin(
            owner_id=owner.pk,
            source_set=dataset.generator.source_set,
            count=dataset.count,
            sharing=dataset.job.sharing,
            seed=request.seed,
            requested=request.to_dict(),
            expected_seconds=sampling_seconds(request.resolution, dataset.count),
            parent=dataset.job,
            origin=Origin.REFINED,
            starts_from=dataset.generator,
            mail_when_done=mail,
        )
        refinements.begin(job, dataset, rejected)
    return job


def refine_problem(dataset: Dataset, rejected: set[int]) -> str:
    if not rejected:
        return _("Reject at least one image first: without that nothing would be different.")
    if min(rejected) < 0 or max(rejected) >= dataset.count:
        return _("Images are numbered from 0 to %(last)s.") % {"last": f"{dataset.count - 1:,}"}
    if len(rejected) == dataset.count:
        return _("Keep at least one image. Where none is good, make more images, or train anew.")
    if not dataset.files.filter(kind=DatasetFile.Kind.MANIFEST).exists():
        return _("The images of this dataset are not stored any more.")
    return ""


def request_of(generator: Generator) -> RecipeRequest:
    recipe = generator.recipe
    return RecipeRequest(
        preset=recipe["preset"],
        resolution=recipe["resolution"],
        fit=recipe["fit"],
        labels=bool(recipe["classes"]),
        transparency="keep" if recipe["channels"] == 4 else "white",
    )


def again(job: GenerationJob, owner: Person, **changes: Any) -> GenerationJob:  # Any: whatever the settings hold
    """The same once more, on the newest version of its source set.

    `changes` are arguments of submit() and settings of a recipe that take the place of the job's own; without a seed
    among them another is drawn.
    """
    recipe = {name: changes.pop(name) for name in RECIPE & changes.keys()}
    asked: dict[str, Any] = {"count": job.count, "way": job.sharing} | changes
    if (refinement := refinements.of(job)) is not None:
        return refine_again(refinement, owner, recipe | changes)
    if job.starts_from is not None:
        nothing_trained = _("This job used a generator that exists: only count, sharing, seed and mail can be changed.")
        check(**dict.fromkeys(sorted(recipe), nothing_trained))
        return more(owner, job.starts_from, parent=job, **asked)
    request = changed(RecipeRequest.from_dict(job.requested), recipe)
    if not request.labels and "way" not in changes:
        asked["way"] = GenerationJob.Sharing.EQUAL
    return submit(owner, newest(job.source_set), request=request, parent=job, **asked)


def refine_again(refinement: Refinement, owner: Person, changes: dict[str, Any]) -> GenerationJob:
    as_it_was = _("A refined dataset has the size and the settings of the one that it comes from.")
    check(**dict.fromkeys(sorted(changes.keys() - {"mail"}), as_it_was))
    if refinement.dataset is None:
        raise JobRefused({"job": _("The dataset that was to be refined has been deleted.")})
    return refine(refinement.dataset, owner, set(refinements.rejected(refinement)), **changes)


def changed(request: RecipeRequest, recipe: dict[str, Any]) -> RecipeRequest:
    try:
        return replace(request, **recipe)
    except RecipeError as error:
        raise JobRefused({error.field: limits.sentences()[error.field]}) from None


def newest(source_set: SourceSet) -> SourceSet:
    """The version that additions have made of it since."""
    while newer := SourceSet.objects.filter(previous=source_set).first():
        source_set = newer
    return source_set


def resume(job: GenerationJob, owner: Person, *, mail: bool | None = None) -> GenerationJob:
    """Goes on with a job that failed, or whose training was stopped early, from where it ended."""
    check(
        source_set=blocking.problem(job.source_set),
        job=resume_problem(job),
        count=room.problem(job.source_set, RecipeRequest.from_dict(job.requested), job.count),
    )
    seconds = remaining_seconds(job)
    with transaction.atomic():
        return begin(
            owner_id=owner.pk,
            source_set=job.source_set,
            count=job.count,
            sharing=job.sharing,
            seed=job.seed,
            requested=job.requested,
            resolved=job.resolved,
            expected_seconds=seconds,
            parent=job,
            origin=Origin.RESUMED,
            starts_from=job.generator if job.state == State.FAILED else None,
            mail_when_done=job.mail_when_done if mail is None else mail,
        )


def resume_problem(job: GenerationJob) -> str:
    """Why there is nothing to go on with, or nothing."""
    if not job.is_terminal:
        return _("This job has not ended: there is nothing to resume. Stop it first if you want to.")
    if leftovers.resumable(job):
        return ""
    if job.origin == Origin.REFINED:
        return _("A refined dataset is made anew each time. Run the job again instead.")
    if job.state == State.CANCELLED:
        return _("A cancelled job keeps nothing that could be resumed. Run it again instead.")
    if job.state == State.SUCCEEDED:
        return _("Its training came to its end, or is not stored any more. Run it again, or make more images.")
    text = _("Nothing of its training is stored: it failed too early, or over %(days)d days ago. Run it again instead.")
    return text % {"days": leftovers.RESUMABLE.days}


def begin(**fields: Any) -> GenerationJob:  # Any: the job's fields
    """Within a transaction: the job, its first task and its first event."""
    check(**limits.account_problems(fields["owner_id"], fields["count"]))
    job = GenerationJob.objects.create(**fields, last_event=events.FIRST)
    claims.add(JobTask.Kind.TRAIN, job=job)
    events.open_with(job, "submitted", {"count": job.count, "expected_seconds": job.expected_seconds})
    return job


def check(**problems: str) -> None:
    """All that is wrong is told at once."""
    if errors := {field: problem for field, problem in problems.items() if problem}:
        raise JobRefused(errors)


def count_problem(count: int) -> str:
    return "" if 1 <= count <= settings.MAX_COUNT else limits.sentences()["count"]


def set_problem(source_set: SourceSet) -> str:
    """Why nothing can be trained on this set now, or nothing."""
    usable = source_set.usable_count
    if not source_set.declared:
        return _("Declare first that you hold the rights to these images.")
    if source_set.uploads.filter(state=Upload.State.CHECKING).exists():
        return _("Some images are still being checked. Please wait a moment and try again.")
    if usable < config.MIN_IMAGES:
        text = _("Training needs at least %(least)d usable images; this set has %(usable)d.")
        return text % {"least": config.MIN_IMAGES, "usable": usable}
    if usable > config.MAX_IMAGES:
        text = _("Training takes at most %(most)s images; this set has %(usable)s.")
        return text % {"most": f"{config.MAX_IMAGES:,}", "usable": f"{usable:,}"}
    return blocking.problem(source_set)


def label_problem(source_set: SourceSet, request: RecipeRequest) -> str:
    if not request.labels:
        return ""
    if len(source_set.label_counts) < 2:
        return _("Labels need images in at least two class folders.")
    few = {label or "–": n for label, n in source_set.label_counts.items() if n < limits.MIN_PER_LABEL}
    if few:
        text = _("Each label needs at least %(least)d images. Add some to these, or generate without labels: %(few)s.")
        named = ", ".join(f"{label} ({n})" for label, n in sorted(few.items())[:5])
        return text % {"least": limits.MIN_PER_LABEL, "few": named}
    return ""


def cancel(job: GenerationJob) -> bool:
    """False where the job had ended already. A running one ends within seconds."""
    return endings.cancel(job, only_from=(State.QUEUED,)) or ask_to_stop(job, Intent.DISCARD)


def cancel_for(job: GenerationJob, why: str) -> bool:
    """By staff: the owner is told why, and the job's page says it."""
    with transaction.atomic():
        cancelled = cancel(job)
        if cancelled:
            with translation.override(getattr(job.owner, "language", settings.LANGUAGE_CODE)):
                reason = _("Staff cancelled this job: %(why)s") % {"why": why}
            GenerationJob.objects.filter(pk=job.pk).update(reason=reason)
            notifications.tell(job.owner_id, "decision", str(job), job.get_absolute_url(), reason=reason)
    job.refresh_from_db()
    return cancelled


def cancel_waiting(owner: Person) -> int:
    """All of one's jobs that have not begun; returns how many."""
    waiting = GenerationJob.objects.filter(owner_id=owner.pk, state=State.QUEUED)
    return sum(endings.cancel(job, only_from=(State.QUEUED,)) for job in waiting)


def stop(job: GenerationJob) -> bool:
    """Ends training and goes on with the best generator so far; while sampling, ends with the images there are."""
    if endings.cancel(job, only_from=(State.QUEUED,)):
        return True
    return ask_to_stop(job, Intent.KEEP_BEST)


def ask_to_stop(job: GenerationJob, intent: str) -> bool:
    with transaction.atomic():
        asked = ask(job, intent)
        if asked and intent == Intent.KEEP_BEST:
            drop_waiting_shards(job)
        if asked:
            events.record(job, "stopping", {"intent": intent})
    job.refresh_from_db()
    return bool(asked)


def ask(job: GenerationJob, intent: str) -> int:
    """Discard outweighs keep the best, and nothing outweighs an end."""
    changes: dict[str, Any] = {"state": State.STOPPING, "stop_intent": intent}
    active = GenerationJob.objects.filter(pk=job.pk, state__in=(State.RUNNING, State.STOPPING))
    return active.exclude(stop_intent=Intent.DISCARD).update(**changes)


def drop_waiting_shards(job: GenerationJob) -> None:
    """Leaves the shards that are done or under way, and at least one."""
    shards = job.tasks.filter(kind=JobTask.Kind.SAMPLE)
    waiting = shards.filter(state=JobTask.State.QUEUED)
    if not shards.exclude(state__in=(JobTask.State.QUEUED, JobTask.State.CANCELLED)).exists():
        waiting = waiting.exclude(first=0)
    waiting.update(state=JobTask.State.CANCELLED)
