"""The rooms of this process that somebody is in, and the one heartbeat that all of them share."""

import asyncio
import logging
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from .listeners import Listener, still_welcome
from .models import GenerationJob
from .rooms import JobRoom, Room, in_database
from .watchers import Watcher

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
HEART = "heart"


class House:
    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    @contextmanager
    def seat(self, room: Room, listener: Listener) -> Iterator[Watcher]:
        """In this room, or in the one for the same group that is open already."""
        room = self.rooms.get(room.group) or self.open(room)
        watcher = Watcher(listener)
        room.watchers.add(watcher)
        try:
            yield watcher
        finally:
            room.watchers.remove(watcher)
            if not room.watchers:
                self.close(room)

    def open(self, room: Room) -> Room:
        if not self.rooms:
            self.tasks[HEART] = asyncio.create_task(self.keep_beating())
        self.rooms[room.group] = room
        self.tasks[room.group] = asyncio.create_task(room.listen())
        return room

    def close(self, room: Room) -> None:
        del self.rooms[room.group]
        self.tasks.pop(room.group).cancel()
        if not self.rooms:
            self.tasks.pop(HEART).cancel()

    async def keep_beating(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self.beat()
            except Exception:
                logger.warning("A heartbeat of those who follow jobs was left out", exc_info=True)

    async def beat(self) -> None:
        """Four queries for all who follow anything in this process."""
        rooms = list(self.rooms.values())
        for room in rooms:
            await room.beat()
        await self.dismiss_strangers(rooms)
        await self.make_up([room for room in rooms if isinstance(room, JobRoom)])

    async def dismiss_strangers(self, rooms: list[Room]) -> None:
        """Whoever signed out meanwhile, has a new password or was locked out."""
        seats = {(watcher.listener, room.owner_id) for room in rooms for watcher in room.watchers}
        strangers = seats - await in_database(still_welcome)(seats)
        for room in rooms:
            for watcher in room.watchers:
                if (watcher.listener, room.owner_id) in strangers:
                    watcher.dismiss()

    async def make_up(self, rooms: list[JobRoom]) -> None:
        """For pushes that were lost."""
        numbers = await in_database(newest)([room.job for room in rooms])
        for room in rooms:
            if numbers.get(room.job.pk, 0) > room.last:
                await room.heal()


houses: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, House] = weakref.WeakKeyDictionary()


def house() -> House:
    """A server has one event loop; tests have many."""
    return houses.setdefault(asyncio.get_running_loop(), House())


def newest(jobs: list[GenerationJob]) -> dict[int, int]:
    """The number of each job's last event."""
    rows = GenerationJob.objects.filter(pk__in=[job.pk for job in jobs])
    return dict(rows.values_list("pk", "last_event"))
