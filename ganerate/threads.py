"""The threads that requests run in: kept from one to the next, and their database connections with them.

Django starts a thread and opens a database connection for every request, and throws both away.
"""

import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext
from django.core.handlers.asgi import ASGIHandler
from django.db import connections

# As many at once as there are requests; of those that are free again, this many are kept.
KEPT = 16
CONNECTION_SECONDS = 600

free: list[ThreadPoolExecutor] = []


class Handler(ASGIHandler):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # Any: as Django types them
        if scope["type"] != "http":
            raise ValueError(f"this handler answers HTTP, not {scope['type']}")
        async with lent_thread() as thread, ThreadSensitiveContext(executor=thread):
            await self.handle(scope, receive, send)


@contextlib.asynccontextmanager
async def lent_thread() -> AsyncIterator[ThreadPoolExecutor]:
    """A thread of its own for one request. Called from the one event loop only, so nothing needs a lock."""
    thread = free.pop() if free else ThreadPoolExecutor(max_workers=1, initializer=keep_connections)
    try:
        yield thread
    finally:
        if len(free) < KEPT:
            free.append(thread)
        else:
            thread.shutdown(wait=False)


def keep_connections() -> None:
    """In this thread alone: whatever else uses the database opens and closes as it always did."""
    for connection in connections.all():
        connection.settings_dict = connection.settings_dict | {"CONN_MAX_AGE": CONNECTION_SECONDS}
