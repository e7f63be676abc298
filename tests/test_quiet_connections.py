"""Connections on which nothing happens for more than a minute, to the whole site as `manage.py run` starts it."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_server import ROOT, until
from tests.test_supervisor import Running, environment

pytestmark = pytest.mark.slow

QUIET_SECONDS = 63
JOB = """
import json
from django.test import Client
from django.utils import timezone
from generation import jobs
from generation.engine.config import RecipeRequest
from generation.models import SourceSet
from marketplace.accounts.models import ApiToken, User
alice = User.objects.create_user("alice@example.com", name="Alice")
fields = {"declared_at": timezone.now(), "usable_count": 60, "draft_fingerprint": "f" * 64}
source_set = SourceSet.objects.create(owner=alice, name="Quiet", **fields)
job = jobs.submit(alice, source_set, count=10, request=RecipeRequest(preset="quick", resolution=28))
client = Client()
client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
print(json.dumps([str(job.public_id), client.cookies["sessionid"].value]))
"""
HAPPEN = """
from generation import events
from generation.models import GenerationJob
events.record(GenerationJob.objects.get(), "claimed", {})
"""


def shell(folder: Path, script: str) -> str:
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment(folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def site(tmp_path, migrated):
    shutil.copy(migrated, tmp_path)
    site = Running(tmp_path, "--no-workers")
    until(site.ready, 60)
    yield site
    site.process.terminate()
    site.process.wait(20)


class Connection:
    """One that is never opened again, and answers pings as browsers do."""

    async def open(self, port: int, path: str, session: str, *headers: str) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        own = [f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}", f"Cookie: sessionid={session}", *headers]
        self.writer.write("\r\n".join([f"GET {path} HTTP/1.1", *own, "", ""]).encode())
        self.head = await self.reader.readuntil(b"\r\n\r\n")

    async def frame(self) -> bytes:
        while True:
            kind, size = await self.reader.readexactly(2)
            length = int.from_bytes(await self.reader.readexactly(2), "big") if size == 126 else size
            payload = await self.reader.readexactly(length)
            assert kind != 0x88, f"closed: {payload!r}"
            if kind == 0x89:
                self.writer.write(bytes([0x8A, 0x80 | length]) + bytes(4) + payload)
            else:
                return payload

    async def line(self) -> bytes:
        while not (line := await self.reader.readline()).startswith(b"data: "):
            assert line, "closed"
        return line[6:]


async def number(read) -> int:
    """Of the next event that has one."""
    while (event := json.loads(await read()))["number"] is None:
        pass
    return event["number"]


UPGRADE = (
    "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip


async def test_a_connection_is_alive_after_a_quiet_minute(site):
    job, session = json.loads(await asyncio.to_thread(shell, site.folder, JOB))
    socket, stream = Connection(), Connection()
    await socket.open(site.port, f"/ws/jobs/{job}/", session, *UPGRADE)
    await stream.open(site.port, f"/api/v1/jobs/{job}/events/", session, "Accept: text/event-stream")
    assert [await number(socket.frame), await number(stream.line)] == [1, 1]
    readers = [asyncio.create_task(number(read)) for read in (socket.frame, stream.line)]
    await asyncio.sleep(QUIET_SECONDS)
    assert not any(reader.done() for reader in readers)
    await asyncio.to_thread(shell, site.folder, HAPPEN)
    assert await asyncio.wait_for(asyncio.gather(*readers), 5) == [2, 2]
