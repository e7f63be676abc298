import asyncio
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.http import Http404, QueryDict

from . import access, events
from .models import GenerationJob

NOT_FOUND = 4404
PING_SECONDS = 20.0
PAGE = 500

Message = dict[str, Any]  # Any: JSON values


class JobConsumer(AsyncJsonWebsocketConsumer):
    """Sends a job's events: first those after ?after=N, then each as it happens, none twice and none left out."""

    job: GenerationJob | None = None

    async def connect(self) -> None:
        # Accepted first: a browser is not told the code of a connection that was never accepted.
        await self.accept()
        try:
            self.job = await find(self.scope["user"], self.scope["url_route"]["kwargs"]["public_id"])
        except Http404:
            return await self.close(NOT_FOUND)
        self.last = number_in(QueryDict(self.scope["query_string"]).get("after"))
        self.turn = asyncio.Lock()
        await self.channel_layer.group_add(self.job.group, self.channel_name)
        await self.catch_up()
        await self.send_json(await database_sync_to_async(events.snapshot)(self.job))
        self.pings = asyncio.create_task(self.ping())

    async def disconnect(self, code: int) -> None:
        if self.job is not None:
            await self.channel_layer.group_discard(self.job.group, self.channel_name)
        if hasattr(self, "pings"):
            self.pings.cancel()

    async def job_event(self, message: Message) -> None:
        event = message["event"]
        if event["number"] is None:
            return await self.send_json(event)
        if event["number"] > self.last + 1:
            await self.catch_up()
        async with self.turn:
            await self.send_new(event)

    async def catch_up(self) -> None:
        assert self.job is not None
        async with self.turn:
            while page := await database_sync_to_async(events.replay)(self.job, self.last, PAGE):
                for event in page:
                    await self.send_new(event)

    async def send_new(self, event: Message) -> None:
        if event["number"] > self.last:
            self.last = event["number"]
            await self.send_json(event)

    async def ping(self) -> None:
        """Keeps proxies from closing a quiet connection, and brings what a lost push left out."""
        with suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(PING_SECONDS)
                await self.catch_up()
                await self.send_json({"number": None, "kind": "ping"})


@database_sync_to_async
def find(user: Any, public_id: str) -> GenerationJob:  # Any: a user or an anonymous one, lazily
    return access.job_for(user, public_id)


def number_in(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
