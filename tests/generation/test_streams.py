import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.test import AsyncClient

from generation import endings, events
from generation.models import GenerationJob
from marketplace.accounts.models import ApiToken, User

record = database_sync_to_async(events.record)
pytestmark = pytest.mark.usefixtures("transactional_db", "valkey")


@sync_to_async
def headers_of(user: User) -> dict[str, str]:
    return {"Authorization": f"Token {ApiToken.issue(user, 'test', ['read'])[1]}"}


async def opened(user: User, job: GenerationJob, query: str = "", **headers: str) -> Any:
    everything = headers | await headers_of(user) | {"Accept": "text/event-stream"}
    return await AsyncClient().get(f"/api/v1/jobs/{job.public_id}/events/{query}", headers=everything)


async def events_in(response: Any) -> AsyncIterator[dict[str, Any]]:
    async for chunk in response.streaming_content:
        for line in chunk.decode().splitlines():
            if line.startswith("data: "):
                yield json.loads(line[6:])


async def numbers_in(response: Any) -> list[int]:
    return [event["number"] async for event in events_in(response) if event["number"]]


async def test_a_job_is_followed_to_its_end(alice, job_of):
    job = await sync_to_async(job_of)(alice)

    async def happen() -> None:
        for _ in range(20):
            await record(job, "progress", {})
        await database_sync_to_async(endings.cancel)(job)

    happening = asyncio.create_task(happen())
    response = await opened(alice, job)
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert await asyncio.wait_for(numbers_in(response), 30) == list(range(1, 23))
    await happening


async def test_a_reader_goes_on_where_it_was(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    await record(job, "claimed", {})
    await database_sync_to_async(endings.cancel)(job)
    assert await numbers_in(await opened(alice, job, "?after=2")) == [3]
    assert await numbers_in(await opened(alice, job, **{"Last-Event-ID": "1"})) == [2, 3]
    assert await numbers_in(await opened(alice, job, "?after=3")) == []


async def test_each_event_carries_its_number_as_id(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    await database_sync_to_async(endings.cancel)(job)
    response = await opened(alice, job)
    text = "".join([chunk.decode() async for chunk in response.streaming_content])
    assert [line for line in text.splitlines() if line.startswith("id:")] == ["id: 1", "id: 2"]


async def test_it_says_that_it_is_still_there(alice, job_of, monkeypatch):
    monkeypatch.setattr("generation.house.HEARTBEAT_SECONDS", 0.1)
    job = await sync_to_async(job_of)(alice)
    response = await opened(alice, job)
    async for chunk in response.streaming_content:
        if chunk.startswith(b":"):
            break
    else:
        pytest.fail("it ended")


async def test_a_browser_may_use_its_session(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    await database_sync_to_async(endings.cancel)(job)
    client = AsyncClient()
    await client.aforce_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert await numbers_in(await client.get(f"/api/v1/jobs/{job.public_id}/events/")) == [1, 2]


async def test_strangers_find_nothing(alice, charlie, job_of):
    job = await sync_to_async(job_of)(alice)
    assert (await opened(charlie, job)).status_code == 404
    assert (await AsyncClient().get(f"/api/v1/jobs/{job.public_id}/events/")).status_code == 401


async def test_it_is_only_read(alice, job_of):
    job = await sync_to_async(job_of)(alice)
    url, headers = f"/api/v1/jobs/{job.public_id}/events/", await headers_of(alice)
    assert (await AsyncClient().post(url, headers=headers)).status_code in (403, 405)
