import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.db.backends.utils import CursorWrapper

from generation import events
from generation.models import GenerationJob
from generation.urls import websocket_urlpatterns

record = database_sync_to_async(events.record)
pytestmark = pytest.mark.usefixtures("transactional_db", "valkey")


def socket_of(user: Any, job: GenerationJob, query: str = "") -> WebsocketCommunicator:
    socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/jobs/{job.public_id}/{query}")
    socket.scope["user"] = user
    return socket


async def numbers(socket: WebsocketCommunicator, count: int) -> list[int]:
    """Of the next `count` numbered events."""
    found: list[int] = []
    while len(found) < count:
        event = await socket.receive_json_from(timeout=10)
        found += [event["number"]] if event["number"] else []
    return found


async def test_what_happened_is_replayed_and_what_happens_is_sent(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    await record(job, "claimed", {})
    socket = socket_of(alice, job)
    assert (await socket.connect())[0]
    assert await numbers(socket, 2) == [1, 2]
    snapshot = await socket.receive_json_from()
    assert (snapshot["number"], snapshot["state"]) == (None, "queued")
    await record(job, "stage", {}, "training")
    event = await socket.receive_json_from(timeout=5)
    assert (event["number"], event["kind"], event["stage"]) == (3, "stage", "training")
    await socket.disconnect()


async def test_nothing_is_missed_or_told_twice_while_much_happens(alice, job_of):
    job = await sync_to_async(job_of)(alice)

    async def happen() -> None:
        for _ in range(40):
            await record(job, "progress", {})

    happening = asyncio.create_task(happen())
    await asyncio.sleep(0.05)
    socket = socket_of(alice, job)
    await socket.connect()
    assert await numbers(socket, 41) == list(range(1, 42))
    await happening
    await record(job, "progress", {})
    assert await numbers(socket, 1) == [42]
    await socket.disconnect()


async def test_only_what_is_new_is_sent_again(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    await record(job, "claimed", {})
    await record(job, "stage", {})
    socket = socket_of(alice, job, "?after=2")
    await socket.connect()
    assert await numbers(socket, 1) == [3]
    await socket.disconnect()


async def test_a_lost_push_is_made_up_for_by_the_next(alice, job_of, monkeypatch):
    job = await sync_to_async(job_of)(alice)
    socket = socket_of(alice, job)
    await socket.connect()
    assert await numbers(socket, 1) == [1]
    with monkeypatch.context() as patch:
        patch.setattr(events, "push", lambda job, message: None)
        await record(job, "progress", {})
    await record(job, "progress", {})
    assert await numbers(socket, 2) == [2, 3]
    await socket.disconnect()


async def test_ticks_pass_through(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    socket = socket_of(alice, job, "?after=1")
    await socket.connect()
    await socket.receive_json_from()
    await database_sync_to_async(events.tick)(job, {"kimg": 3})
    assert (await socket.receive_json_from())["data"] == {"kimg": 3}
    await socket.disconnect()


async def watchers_and_queries(people: int, alice, job: GenerationJob, monkeypatch) -> int:
    """How many statements one event takes that `people` watch."""
    sockets = [socket_of(alice, job, f"?after={job.last_event}") for _ in range(people)]
    for socket in sockets:
        await socket.connect()
        await socket.receive_json_from()
    statements: list[str] = []
    execute = CursorWrapper.execute
    with monkeypatch.context() as patch:
        patch.setattr(
            CursorWrapper, "execute", lambda self, sql, *rest: statements.append(sql) or execute(self, sql, *rest)
        )
        await record(job, "progress", {})
        for socket in sockets:
            assert await numbers(socket, 1) == [job.last_event]
    for socket in sockets:
        await socket.disconnect()
    return len(statements)


async def test_an_event_costs_the_database_the_same_however_many_watch(alice, job_of, monkeypatch):
    job = await sync_to_async(job_of)(alice)
    alone = await watchers_and_queries(1, alice, job, monkeypatch)
    assert 0 < await watchers_and_queries(8, alice, job, monkeypatch) <= alone


async def refused(user: Any, job: GenerationJob) -> bool:
    socket = socket_of(user, job)
    await socket.connect()
    return await socket.receive_output(timeout=5) == {"type": "websocket.close", "code": 4404}


async def test_strangers_are_refused(alice, charlie, job_of):
    job = await sync_to_async(job_of)(alice)
    assert await refused(charlie, job)
    assert await refused(AnonymousUser(), job)


async def test_staff_may_watch(alice, mod, job_of):
    job = await sync_to_async(job_of)(alice)
    socket = socket_of(mod, job)
    await socket.connect()
    assert await numbers(socket, 1) == [1]
    await socket.disconnect()


@pytest.mark.slow
async def test_a_quiet_connection_stays_open(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    socket = socket_of(alice, job, "?after=1")
    await socket.connect()
    await socket.receive_json_from()
    await asyncio.sleep(6.5)  # redis-py 8 would have closed it after five seconds
    await record(job, "progress", {})
    assert await numbers(socket, 1) == [2]
    await socket.disconnect()


async def test_a_quiet_connection_is_pinged(alice, job_of, monkeypatch):
    monkeypatch.setattr("generation.consumers.PING_SECONDS", 0.1)
    job = await sync_to_async(job_of)(alice)
    socket = socket_of(alice, job, "?after=1")
    await socket.connect()
    await socket.receive_json_from()
    assert (await socket.receive_json_from())["kind"] == "ping"
    await socket.disconnect()
