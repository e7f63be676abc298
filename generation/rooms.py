"""One subscription in this process for all who follow the same job or person.

A push is a hint: it may be lost, come twice or out of order. Watchers are told each event once and in order, by the
rows where it must be, and none of them costs a query for an event or a heartbeat.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.urls import reverse

from . import events
from .models import GenerationJob
from .watchers import Told, Watcher

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
PAGE = 500
STILL_HERE = b": still here\n\n"
# Not the threads that requests have: whoever follows stays for hours.
THREADS = ThreadPoolExecutor(4, "followed")

Given = ParamSpec("Given")
Got = TypeVar("Got")


def in_database(function: Callable[Given, Got]) -> Callable[Given, Awaitable[Got]]:
    return database_sync_to_async(function, thread_sensitive=False, executor=THREADS)


class Room:
    """Everyone in this process who follows one group."""

    ping = Told('{"type": "ping"}', STILL_HERE)

    def __init__(self, group: str, owner_id: int) -> None:
        self.group, self.owner_id = group, owner_id
        self.watchers: set[Watcher] = set()
        self.channel: str | None = None

    async def listen(self) -> None:
        """Until cancelled. While the channel layer is away, the rows are read every few seconds."""
        warned = False
        while True:
            try:
                await self.subscribe()
            except Exception:
                if not warned or self.channel:
                    logger.warning("The channel layer is away; %s is followed by its rows", self.group, exc_info=True)
            warned, self.channel = True, None
            await asyncio.sleep(RETRY_SECONDS)
            await self.heal()

    async def subscribe(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(self.group, channel)
        self.channel = channel
        try:
            await self.heal()
            while True:
                await self.hear(await layer.receive(channel))
        except asyncio.CancelledError:
            with suppress(Exception):
                await layer.group_discard(self.group, channel)
            raise

    async def hear(self, message: events.Message) -> None:
        raise NotImplementedError

    async def heal(self) -> None:
        """Tells what was not pushed."""

    async def beat(self) -> None:
        """Stays in the group, which forgets its members after a day, and all of them when Valkey loses its memory."""
        if self.channel is not None and self.watchers:
            with suppress(Exception):
                await get_channel_layer().group_add(self.group, self.channel)
        for watcher in self.watchers:
            watcher.tell_quiet(self.ping)


class PersonRoom(Room):
    """A person's open pages. What is lost on the way there is told again by the next event or page."""

    def __init__(self, owner_id: int) -> None:
        super().__init__(events.owner_group(owner_id), owner_id)

    async def hear(self, message: events.Message) -> None:
        if message["type"] == "owner.event":
            event = message["event"]
            message = message | {"event": event | {"url": reverse("job", args=[event["public_id"]])}}
        told = Told.plain(message)
        for watcher in self.watchers:
            watcher.tell(told)


class JobRoom(Room):
    ping = Told('{"number": null, "kind": "ping"}', STILL_HERE)

    def __init__(self, job: GenerationJob) -> None:
        super().__init__(job.group, job.owner_id)
        self.job, self.last = job, job.last_event
        self.turn = asyncio.Lock()

    async def hear(self, message: events.Message) -> None:
        event = message["event"]
        if event["number"] is None:
            return self.tell_tick(event)
        if event["number"] > self.last + 1:
            await self.heal()
        async with self.turn:
            self.tell_next(event)

    async def heal(self) -> None:
        try:
            async with self.turn:
                while page := await in_database(events.replay)(self.job, self.last, PAGE):
                    for event in page:
                        self.tell_next(event)
        except Exception:
            logger.warning("The events of %s could not be read", self.group, exc_info=True)

    def tell_next(self, event: events.Message) -> None:
        if event["number"] != self.last + 1:
            return
        self.last += 1
        told = Told.of(event)
        for watcher in self.watchers:
            watcher.tell(told)

    def tell_tick(self, event: events.Message) -> None:
        told = Told.of(event)
        for watcher in self.watchers:
            watcher.tell_tick(told)
