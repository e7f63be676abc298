"""Following a job, or how a person's jobs stand. WebSockets and event streams only pass on what this tells."""

from collections.abc import AsyncGenerator

from . import events
from .house import house
from .listeners import Listener
from .models import GenerationJob
from .rooms import PAGE, JobRoom, PersonRoom, in_database
from .watchers import Told


async def follow_job(job: GenerationJob, last: int, listener: Listener) -> AsyncGenerator[Told]:
    """Every event after number `last`, once and in order, and ticks between them, until the job has ended.

    Raises Http404 once the listener may not follow it any more.
    """
    ended = job.is_terminal
    with house().seat(JobRoom(job), listener) as watcher:
        watcher.behind = True
        while True:
            if watcher.behind:
                watcher.behind = False
                while page := await in_database(replay)(job, last):
                    for told in page:
                        yield told
                    last, ended = page[-1].number or last, ended or page[-1].is_last
                yield await in_database(standing)(job)
            for told in watcher.take():
                if told.number is None or told.number > last:
                    yield told
                    last, ended = told.number or last, ended or told.is_last
            if ended:
                return
            await watcher.wait()


async def follow_person(listener: Listener) -> AsyncGenerator[Told]:
    with house().seat(PersonRoom(listener.user_id), listener) as watcher:
        while True:
            await watcher.wait()
            watcher.behind = False  # there are no rows to read instead
            for told in watcher.take():
                yield told


def replay(job: GenerationJob, last: int) -> list[Told]:
    return [Told.of(event) for event in events.replay(job, last, PAGE)]


def standing(job: GenerationJob) -> Told:
    return Told.of(events.snapshot(job))
