"""WebSockets for those who follow a job, or how their jobs stand."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import Http404, QueryDict

from . import access, following
from .listeners import Listener
from .rooms import in_database
from .watchers import Told

logger = logging.getLogger(__name__)

NOT_FOUND, BROKEN = 4404, 1011


class Follower(AsyncWebsocketConsumer):
    """Passes on what it is told, until that ends or the browser leaves."""

    channel_layer_alias = ""  # what it follows has a subscription already
    reading: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        # Accepted first: a browser is not told the code of a connection that was never accepted.
        await self.accept()
        self.reading = asyncio.create_task(self.read())

    async def disconnect(self, code: int) -> None:
        if self.reading is not None:
            self.reading.cancel()

    async def read(self) -> None:
        try:
            async with aclosing(await self.follow()) as told:
                async for message in told:
                    await self.send(message.text)
            await self.close()
        except Http404:
            await self.close(NOT_FOUND)
        except Exception:
            logger.exception("%s was cut off", self.scope["path"])
            await self.close(BROKEN)

    async def follow(self) -> AsyncGenerator[Told]:
        raise NotImplementedError

    @property
    def listener(self) -> Listener:
        """Raises Http404 for whoever is not signed in."""
        if not self.scope["user"].is_authenticated:
            raise Http404
        session = self.scope.get("session")
        return Listener.of(self.scope["user"], session=session.session_key if session else None)


class JobConsumer(Follower):
    """Sends a job's events: first those after ?after=N, then each as it happens, none twice and none left out."""

    async def follow(self) -> AsyncGenerator[Told]:
        listener = self.listener
        job = await in_database(access.job_for)(self.scope["user"], self.scope["url_route"]["kwargs"]["public_id"])
        return following.follow_job(job, number_in(QueryDict(self.scope["query_string"]).get("after")), listener)


class PersonConsumer(Follower):
    """Tells a signed-in person's open pages how their jobs stand, and each new notification."""

    async def follow(self) -> AsyncGenerator[Told]:
        return following.follow_person(self.listener)


def number_in(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
