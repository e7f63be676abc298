"""Whose turn it is: on each queue sellers take turns, however much one of them has waiting.

Start-time fair queueing (Goyal et al., 1996): a task gets its turn once, when it is queued. It is the present turn, or
the one after the owner's own last; so a claim reads one row of an index, and fifty jobs of one seller stand one behind
another while the first of somebody else is next.
"""

from django.db.models import Max

from .models import JobTask

State = JobTask.State


def present(queue: str) -> int:
    """The latest turn that a worker has taken."""
    turns = JobTask.objects.filter(queue=queue).order_by("-turn").values_list("turn", flat=True)
    return max((turn for state in (State.RUNNING, State.DONE) for turn in turns.filter(state=state)[:1]), default=0)


def following(queue: str, **owner: int) -> int:
    """The turn of the owner's next task; `owner` is named by the way from the task, as in job__owner."""
    now = present(queue)
    # Those done in this turn count too: whoever comes back at once waits for the others.
    mine = JobTask.objects.filter(queue=queue, turn__gte=now, **owner)
    last = mine.filter(state__in=(State.QUEUED, State.RUNNING, State.DONE)).aggregate(last=Max("turn"))["last"]
    return now if last is None else last + 1


def first(task: JobTask) -> int:
    """Of a task that is about to be queued."""
    if task.kind == JobTask.Kind.FINISH:
        # Nearly done: it does not wait behind the owner's later jobs.
        return present(task.queue)
    if task.job is not None:
        return following(task.queue, job__owner=task.job.owner_id)
    assert task.upload is not None
    return following(task.queue, upload__source_set__owner=task.upload.source_set.owner_id)
