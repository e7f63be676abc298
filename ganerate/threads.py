"""The threads that requests run in: kept from one to the next, and their database connections with them.

Django starts a thread and opens a database connection for every request, and throws both away.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

from asgiref.sync import ThreadSensitiveContext
from django.core.handlers.asgi import ASGIHandler
from django.db import connections

# As many at once as there are requests; of those that are free again, this many are kept.
KEPT = 16
CONNECTION_SECONDS = 600

free: list[ThreadPoolExecutor] = []


class Loan(Executor):
    """The thread of one request. An event stream, which may last for hours, needs none while it waits for events."""

    def __init__(self) -> None:
        self.thread: ThreadPoolExecutor | None = None

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # Any: as in Executor
        if self.thread is None:
            self.thread = free.pop() if free else ThreadPoolExecutor(max_workers=1, initializer=keep_connections)
        return self.thread.submit(work, *args, **kwargs)

    def give_back(self) -> None:
        thread, self.thread = self.thread, None
        if thread is not None and len(free) < KEPT:
            free.append(thread)
        elif thread is not None:
            thread.shutdown(wait=False)


loan: ContextVar[Loan] = ContextVar("loan")


class Handler(ASGIHandler):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # Any: as Django types them
        if scope["type"] != "http":
            raise ValueError(f"this handler answers HTTP, not {scope['type']}")
        async with lent_thread() as mine, ThreadSensitiveContext(executor=mine):
            loan.set(mine)
            await self.handle(scope, receive, send)

    async def send_response(self, response: Any, send: Any) -> None:
        if response.headers.get("Content-Type") == "text/event-stream":
            loan.get().give_back()
        await super().send_response(response, send)


@contextlib.asynccontextmanager
async def lent_thread() -> AsyncIterator[Loan]:
    """A thread of its own for one request. Called from the one event loop only, so nothing needs a lock."""
    mine = Loan()
    try:
        yield mine
    finally:
        mine.give_back()


def keep_connections() -> None:
    """In this thread alone: whatever else uses the database opens and closes as it always did."""
    for connection in connections.all():
        connection.settings_dict = connection.settings_dict | {"CONN_MAX_AGE": CONNECTION_SECONDS}
