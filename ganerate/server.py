"""Daphne with two bounds it lacks: on what waits for a slow client, and on what a client may send.

python -m ganerate.server -b 127.0.0.1 -p 8000 ganerate.asgi:application
"""

import asyncio
import resource
import sys
from typing import Any

import daphne.server
from daphne.cli import CommandLineInterface
from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

# A part of an upload has 8 MB; the rest is for the form around it.
MAX_BODY = 10 * 1024 * 1024
# A refused client still gets its answer if it stops sending by here.
MAX_DISCARDED = 64 * 1024 * 1024
STALLED_SECONDS = 300
TOO_LARGE = b"The request is larger than 10 MB. Send files in parts.\n"
PROBLEM = (
    b'{"type": "about:blank", "title": "Content Too Large", "status": 413, "code": "too_large", '
    b'"detail": "The request is larger than 10 MB. Send files in parts of at most 8 MB."}\n'
)
ANSWER_413 = b"HTTP/1.1 413 Content Too Large\r\nContent-Type: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"


@implementer(IPushProducer)
class Valve:
    """Shut by Twisted while the client has yet to take what was written, opened when it has or has gone."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.opened.set()

    def pauseProducing(self) -> None:
        self.opened.clear()

    def resumeProducing(self) -> None:
        self.opened.set()

    def stopProducing(self) -> None:
        self.opened.set()


class BoundedRequest(WebRequest):
    """Refuses a body over MAX_BODY at its announced length or, without one, as soon as it has come."""

    received = 0
    refused = False
    valve: Valve | None = None

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        if length is not None and length > MAX_BODY:
            self.refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self.received += len(data)
        if not self.refused and self.received <= MAX_BODY:
            super().handleContentChunk(data)
        elif not self.refused:
            self.refuse()
        elif self.received > MAX_DISCARDED:
            self.channel.transport.abortConnection()

    def refuse(self) -> None:
        self.refused = True
        self.requestHeaders.removeHeader(b"expect")
        self.content.truncate(0)
        of_the_api = self.channel._path.startswith(b"/api/")  # the request itself has no path before its body
        kind, text = (b"application/problem+json", PROBLEM) if of_the_api else (b"text/plain", TOO_LARGE)
        self.channel.transport.write(ANSWER_413 % (kind, len(text), text))

    def handle_exception(self, exception: Exception) -> None:
        """After the first byte an error page would become part of the file; a cut connection says it is not whole."""
        if not self._response_started:
            super().handle_exception(exception)
        elif self.channel is not None:
            self.channel.transport.abortConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if self.refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)


class BoundedFactory(HTTPFactory):
    def buildProtocol(self, addr: Any) -> Any:  # Twisted's own, untyped
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol


class PacedServer(daphne.server.Server):
    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """The application's `send`: returns once the client has taken enough for more to be welcome."""
        more = message.get("more_body", False)
        if message["type"] == "http.response.body" and protocol.channel and not protocol.finished:
            fit_valve(protocol, more)
        elif message["type"] == "websocket.accept":
            fit_socket_valve(protocol)
        await super().handle_reply(protocol, message)
        if more and protocol.valve is not None:
            await opened(protocol.valve, protocol.channel)
        elif message["type"] == "websocket.send":
            await opened(protocol.valve, protocol)

    def run(self) -> None:
        daphne.server.HTTPFactory = BoundedFactory  # the one name through which daphne makes its requests
        super().run()
        end_tasks(asyncio.get_event_loop())


def fit_valve(request: BoundedRequest, more: bool) -> None:
    """A valve for a response of several messages; an ordinary page of one message has none."""
    if more and request.valve is None:
        request.valve = Valve()
        request.registerProducer(request.valve, True)
    elif not more and request.valve is not None:
        request.unregisterProducer()


def fit_socket_valve(socket: Any) -> None:
    """In the place of the HTTP channel that the socket was before its upgrade."""
    socket.valve = Valve()
    socket.transport.unregisterProducer()
    socket.transport.registerProducer(socket.valve, True)


async def opened(valve: Valve, connection: Any) -> None:
    await asyncio.sleep(0)  # whoever reads fast, or has gone, must not keep the others waiting
    if valve.opened.is_set():
        return
    try:
        # Not wait_for: before Python 3.12 it loses a cancellation that comes in the moment the valve opens, and
        # that is what happens when the client leaves. The download would then run on into the void.
        async with asyncio.timeout(STALLED_SECONDS):
            await valve.opened.wait()
    except TimeoutError:
        if connection is not None:
            connection.transport.abortConnection()


def end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Downloads that are still running when the reactor has stopped would crash the interpreter on its way out."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())


def allow_many_connections() -> None:
    """Each who follows a job holds one, and the usual limit of 1,024 files is only a default."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class BoundedDaphne(CommandLineInterface):
    server_class = PacedServer


if __name__ == "__main__":
    # A request comes and goes in a few milliseconds; five, Python's own measure, is long to wait for each turn.
    sys.setswitchinterval(0.001)
    allow_many_connections()
    BoundedDaphne.entrypoint()
