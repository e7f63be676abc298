"""What one who follows a job, or how a person's jobs stand, has yet to be told."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field

from django.http import Http404

from .events import TERMINAL_KINDS, Message
from .listeners import Listener

MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class Told:
    """A message, put into words once for everyone who gets it."""

    text: str
    frame: bytes
    number: int | None = None
    is_last: bool = False

    @classmethod
    def of(cls, event: Message) -> "Told":
        number, text = event["number"], json.dumps(event, ensure_ascii=False)
        line = f"id: {number}\n" if number is not None else ""
        return cls(text, f"{line}data: {text}\n\n".encode(), number, event["kind"] in TERMINAL_KINDS)

    @classmethod
    def plain(cls, message: Message) -> "Told":
        text = json.dumps(message, ensure_ascii=False)
        return cls(text, f"data: {text}\n\n".encode())


@dataclass(eq=False)
class Watcher:
    """One reader. Whoever reads slowly loses ticks first; what else does not fit must be read from the rows."""

    listener: Listener
    behind: bool = False
    gone: bool = False
    events: deque[Told] = field(default_factory=deque)
    # Only the newest tick is worth telling, and none that an event has overtaken.
    tick: Told | None = None
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, told: Told) -> None:
        self.tick = None
        if len(self.events) < MOST_WAITING and not self.behind:
            self.events.append(told)
        else:
            self.events.clear()
            self.behind = True
        self.stirred.set()

    def tell_tick(self, told: Told) -> None:
        self.tick = told
        self.stirred.set()

    def tell_quiet(self, ping: Told) -> None:
        if not self.events and self.tick is None:
            self.tell_tick(ping)

    def dismiss(self) -> None:
        self.gone = True
        self.stirred.set()

    async def wait(self) -> None:
        await self.stirred.wait()
        self.stirred.clear()
        if self.gone:
            raise Http404

    def take(self) -> list[Told]:
        """All that waits, in order."""
        taken = [*self.events, *([self.tick] if self.tick else [])]
        self.events.clear()
        self.tick = None
        return taken
