"""A crowd of watchers in a process of its own, on raw sockets: it must never be what is measured.

Reads from stdin a line of JSON that says whom to ask; prints "there" when everyone is connected. On the next line, the
number of the last event and how many seconds to wait for it, it prints what each was told.
"""

import asyncio
import contextlib
import json
import random
import re
import sys
import time
from typing import Any
from urllib.parse import urlsplit

# So many knock at a time; a crowd does not arrive in one instant.
AT_ONCE = 40
FIRST_WAIT, LONGEST_WAIT = 0.25, 5.0
HEAD_END = b"\r\n\r\n"
DATA = re.compile(rb"data: (.*)")
TEXT, PING, PONG = 1, 9, 10
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Told(list[tuple[int, float]]):
    """The numbers of the events that one watcher heard, and how many seconds each took to come."""

    def read(self, text: bytes) -> None:
        now = time.monotonic()
        event = json.loads(text)
        if event["number"] is not None:
            self.append((event["number"], now - event["data"].get("sent", now)))

    @property
    def last(self) -> int:
        return self[-1][0] if self else 0


class Link(asyncio.Protocol):
    """One connection, up to its end."""

    def __init__(self, request: bytes, told: Told) -> None:
        self.request, self.told = request, told
        self.rest, self.begun = b"", False
        self.open = asyncio.get_running_loop().create_future()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(ConnectionError("closed before it was open"))
            self.open.exception()  # whoever waits is told; nobody need be
        self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        self.rest += data
        if not self.begun:
            self.read_head()
        if self.begun:
            self.read_body()

    def read_head(self) -> None:
        head, found, rest = self.rest.partition(HEAD_END)
        if not found:
            return
        if head.split(b" ", 2)[1] not in (b"101", b"200"):
            return self.transport.abort()
        self.begun, self.rest = True, rest
        self.open.set_result(None)

    def read_body(self) -> None:
        raise NotImplementedError


class SocketLink(Link):
    """A WebSocket, whose server sends short unmasked frames."""

    def read_body(self) -> None:
        while len(self.rest) >= 2:
            kind, size, start = self.rest[0] & 15, self.rest[1], 2
            if size == 126:
                size, start = int.from_bytes(self.rest[2:4], "big"), 4
            if len(self.rest) < start + size:
                return
            payload, self.rest = self.rest[start : start + size], self.rest[start + size :]
            if kind == TEXT:
                self.told.read(payload)
            elif kind == PING:
                # Masked with zeros: as it is.
                self.transport.write(bytes([0x80 | PONG, 0x80 | size]) + bytes(4) + payload)


class StreamLink(Link):
    def read_body(self) -> None:
        *blocks, self.rest = self.rest.split(b"\n\n")
        for block in blocks:
            if found := DATA.search(block):
                self.told.read(found[1])


class Watcher:
    """Comes back with its last number whenever it is cut off."""

    def __init__(self, order: dict[str, Any], link: type[Link], path: str, headers: str) -> None:
        self.site = urlsplit(order["site"])
        self.link, self.path, self.headers = link, path, headers
        self.told = Told()

    async def watch(self, turns: asyncio.Semaphore, there: asyncio.Semaphore) -> None:
        wait, first = FIRST_WAIT, True
        while True:
            try:
                async with turns:
                    link = await self.connect()
            except OSError:
                await asyncio.sleep(wait * random.uniform(0.7, 1.3))
                wait = min(LONGEST_WAIT, wait * 2)
                continue
            if first:
                there.release()
            wait, first = FIRST_WAIT, False
            await link.lost
            await asyncio.sleep(wait * random.uniform(0.7, 1.3))

    async def connect(self) -> Link:
        host = self.site.netloc
        request = f"GET {self.path}?after={self.told.last} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n{self.headers}\r\n"
        loop = asyncio.get_running_loop()
        _, link = await loop.create_connection(
            lambda: self.link(request.encode(), self.told), self.site.hostname, self.site.port
        )
        try:
            async with asyncio.timeout(60):
                await asyncio.shield(link.open)
        except TimeoutError:
            link.transport.abort()
            raise
        return link


def gathered(order: dict[str, Any]) -> list[Watcher]:
    socket = (SocketLink, order.get("socket", ""), UPGRADE + f"Cookie: {order.get('cookie', '')}\r\n")
    token = f"Authorization: Token {order.get('token', '')}\r\nAccept: text/event-stream\r\n"
    stream = (StreamLink, order.get("stream", ""), token)
    kinds = [socket] * order["sockets"] + [stream] * order["streams"]
    return [Watcher(order, *kind) for kind in kinds]


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    watchers = gathered(order)
    turns, there = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(0)
    tasks = [asyncio.create_task(watcher.watch(turns, there)) for watcher in watchers]
    for _ in watchers:
        await there.acquire()
    print('"there"', flush=True)
    last, patience = json.loads(await asyncio.to_thread(sys.stdin.readline))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            while any(watcher.told.last < last for watcher in watchers):
                await asyncio.sleep(0.1)
    print(json.dumps([watcher.told for watcher in watchers]), flush=True)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
