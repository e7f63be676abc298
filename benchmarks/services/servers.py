"""PostgreSQL, Redis and Ceph's S3 gateway for a benchmark, on the test network, and a valve before the store."""

import asyncio
import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.services.namespaces import HERE
from benchmarks.site import ROOT, free_port

REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Server:
    """One of the scripts in .ci, with a folder and a port of its own."""

    name: str
    environment: dict[str, str]

    def do(self, what: str) -> str:
        done = subprocess.run(
            [f".ci/{self.name}", what], cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True, timeout=180
        )
        if done.returncode:
            raise RuntimeError(f".ci/{self.name} {what} failed")
        return done.stdout.strip()


class Valve:
    """Between the hosts and the store: passes everything on, or answers 503, as a gateway whose store is away does."""

    def __init__(self, target: str) -> None:
        address = urlsplit(target)
        self.host, self.port = address.hostname, address.port
        self.refuses = False
        self.refused = 0
        self.under_way: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        self.address = f"http://{HERE}:{free_port()}"
        self.ready = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()
        self.ready.wait()

    def run(self) -> None:
        self.loop.run_until_complete(asyncio.start_server(self.serve, HERE, urlsplit(self.address).port, backlog=256))
        self.loop.call_soon(self.ready.set)
        self.loop.run_forever()

    def shut(self) -> None:
        self.refuses = True
        self.loop.call_soon_threadsafe(self.hang_up)

    def open(self) -> None:
        self.refuses = False

    def hang_up(self) -> None:
        for writer in self.under_way:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            if self.refuses:
                await self.refuse(reader, writer)
            else:
                await self.pass_on(reader, writer)
        writer.close()

    async def refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.refused += 1
        writer.write(REFUSAL)
        await writer.drain()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self.host, self.port)
        both = {writer, there_writer}
        self.under_way |= both
        try:
            await asyncio.gather(pumped(reader, there_writer), pumped(there_reader, writer))
        finally:
            self.under_way -= both
            there_writer.close()


async def pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


@dataclass(frozen=True)
class Servers:
    postgres: Server
    redis: Server
    valve: Valve
    settings: dict[str, str]


@contextlib.contextmanager
def servers(store_bytes: int = 8 << 30, *, store: bool = True) -> Iterator[Servers]:
    """Without a store of its own, files are in each host's folder."""
    with tempfile.TemporaryDirectory(prefix="gb-") as folder:
        # The user postgres must reach its own folder in there.
        Path(folder).chmod(0o755)
        names = ("postgres", "redis", *(["ceph"] if store else []))
        made = {name: Server(name, own_environment(folder, store_bytes)) for name in names}
        try:
            found = {name: server.do("start") for name, server in made.items()}
            settings = {"DATABASE_URL": found["postgres"], "REDIS_URL": found["redis"]}
            settings |= dict(line.split("=", 1) for line in found.get("ceph", "").splitlines())
            valve = Valve(settings.get("S3_ENDPOINT_URL", "http://127.0.0.1:1"))
            if store:
                settings["S3_ENDPOINT_URL"] = valve.address
            yield Servers(made["postgres"], made["redis"], valve, settings)
        finally:
            for server in made.values():
                with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
                    server.do("stop")


def own_environment(folder: str, store_bytes: int) -> dict[str, str]:
    # Ceph takes nineteen ports after the first.
    ours = {"TMPDIR": folder, "ALSO_AT": HERE, "PORT": str(free_port())}
    return os.environ | ours | {"STORE": "bluestore", "STORE_BYTES": str(store_bytes)}
