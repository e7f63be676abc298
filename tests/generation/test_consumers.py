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


def socket_at(user: Any, address: str) -> WebsocketCommunicator:
    socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), address)
    socket.scope["user"] = user
    return socket


def socket_of(user: Any, job: GenerationJob, query: str = "") -> WebsocketCommunicator:
    return socket_at(user, f"/ws/jobs/{job.public_id}/{query}")


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
    monkeypatch.setattr("generation.house.HEARTBEAT_SECONDS", 0.1)
    job = await sync_to_async(job_of)(alice)
    socket = socket_of(alice, job, "?after=1")
    await socket.connect()
    await socket.receive_json_from()
    assert (await socket.receive_json_from())["kind"] == "ping"
    await socket.disconnect()


async def test_a_person_is_told_how_their_jobs_stand(alice, job_of, monkeypatch):
    socket = socket_at(alice, "/ws/me/")
    await socket.connect()
    job = await sync_to_async(job_of)(alice)
    told = await socket.receive_json_from(timeout=5)
    assert (told["type"], told["event"]["kind"], told["event"]["state"]) == ("owner.event", "submitted", "queued")
    await database_sync_to_async(events.tick)(job, {"fraction": 0.5, "seconds_left": [60, 90], "loss_d": 0.1})
    event = (await socket.receive_json_from(timeout=5))["event"]
    assert (event["public_id"], event["name"], event["url"]) == (str(job.public_id), "Bare", job.get_absolute_url())
    assert (event["fraction"], event["seconds_left"]) == (0.5, [60, 90])
    await socket.disconnect()


async def test_ticks_reach_the_other_pages_at_most_once_a_second(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    socket = socket_at(alice, "/ws/me/")
    await socket.connect()
    for kimg in range(3):
        await database_sync_to_async(events.tick)(job, {"fraction": kimg})
    await record(job, "stage", {}, "training")
    kinds = [(await socket.receive_json_from(timeout=5))["event"]["kind"] for _ in range(2)]
    assert kinds == ["progress", "stage"]
    await socket.disconnect()


async def test_a_notification_passes_through(alice):
    socket = socket_at(alice, "/ws/me/")
    await socket.connect()
    message = {"type": "person.notification", "notification": {"kind": "succeeded"}}
    await database_sync_to_async(events.send)([(events.owner_group(alice.pk), message)])
    assert await socket.receive_json_from(timeout=5) == message
    await socket.disconnect()


async def test_a_person_hears_nothing_of_others(alice, bob, job_of):
    socket = socket_at(bob, "/ws/me/")
    await socket.connect()
    await sync_to_async(job_of)(alice)
    assert await socket.receive_nothing(timeout=0.5)
    await socket.disconnect()


async def test_nobody_has_pages_who_is_not_signed_in():
    socket = socket_at(AnonymousUser(), "/ws/me/")
    await socket.connect()
    assert await socket.receive_output(timeout=5) == {"type": "websocket.close", "code": 4404}
