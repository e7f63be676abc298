"""Four hosts sample one dataset while one after the other of what they rely on goes away.

Each host is a namespace of network, process numbers and name, with one worker and a folder of its own; PostgreSQL,
Redis, Ceph's S3 gateway and the sweeper are on a fifth. The generator is trained for a moment only, at 64 px: its
images are worth nothing and cost as much as any. One host alone makes the dataset first. Then four do, and

- a host that holds a shard is killed, and stays dead;
- a host that holds another is cut off for a minute: silence, no refusal;
- the store answers 503 to everything for a minute (a valve in front of the gateway);
- Redis is killed meanwhile and started again;
- PostgreSQL is killed once shards come in again, and started again.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.bars import Bar
from benchmarks.services import namespaces
from benchmarks.services.namespaces import Host
from benchmarks.services.servers import Servers, servers
from benchmarks.site import ROOT

IMAGES, FULL_IMAGES = 50_000, 200_000
AWAY_SECONDS = 60.0
# How long a job that stands still is waited for.
DEADLINE_SECONDS = 3600.0
STORE_BYTES, FULL_STORE_BYTES = 8 << 30, 32 << 30

Process = subprocess.Popen[bytes]


def bars(*, full: bool) -> Iterator[Bar]:
    if why := namespaces.missing():
        print(f"!! SKIPPED: {why}, so no hosts were made on this machine.")
        return
    count = FULL_IMAGES if full else IMAGES
    store_bytes = FULL_STORE_BYTES if full else STORE_BYTES
    with namespaces.hosts(4) as hosts, servers(store_bytes) as there, site(there) as farm:
        yield from compared(farm, hosts, count)


@dataclass
class Farm:
    """A site on the servers, and the workers that were started for it."""

    servers: Servers
    folder: Path
    started: list[Process] = field(default_factory=list)

    def environment(self, name: str) -> dict[str, str]:
        (self.folder / name).mkdir(exist_ok=True)
        ours = {"GANERATE_VAR": str(self.folder / name), "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
        # Each host has one core of this machine at most.
        return os.environ | self.servers.settings | ours | {"LOG_LEVEL": "INFO", "OMP_NUM_THREADS": "1"}

    def python(self, *arguments: str) -> Any:  # Any: JSON values
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment("here"), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None

    def job(self, *arguments: str) -> Any:  # Any: JSON values
        return self.python("-m", "benchmarks.services.job", *arguments)

    def sweep(self) -> None:
        with (self.folder / "sweep.log").open("ab") as log:
            command = [sys.executable, "manage.py", "sweep"]
            process = subprocess.Popen(command, cwd=ROOT, env=self.environment("here"), stdout=log, stderr=log)
        self.started.append(process)

    def work(self, host: Host, cores: set[int] | None = None) -> Process:
        command = [sys.executable, "manage.py", "work", "sampling"]
        process = host.start(command, self.environment(host.name), self.log(host), cores)
        self.started.append(process)
        return process

    def log(self, host: Host) -> Path:
        return self.folder / f"{host.name}.log"

    def rows(self, query: str, *values: object) -> list[Any]:  # Any: what the columns hold
        with psycopg.connect(self.servers.settings["DATABASE_URL"], connect_timeout=5) as connection:
            return connection.execute(query, values).fetchall()

    def ended(self, job: int) -> bool:
        [(state,)] = self.rows("SELECT state FROM generation_generationjob WHERE id = %s", job)
        return state in ("succeeded", "failed", "cancelled")

    def done(self, job: int) -> int:
        return len(self.rows("SELECT 1 FROM generation_jobtask WHERE job_id = %s AND state = 'done'", job))

    def held(self, job: int, host: Host) -> tuple[int, int] | None:
        """A shard that the host has in hand, and with which fence."""
        query = "SELECT id, fence FROM generation_jobtask WHERE job_id = %s AND state = 'running' AND worker LIKE %s"
        found = self.rows(query, job, f"{host.name}:%")
        return found[0] if found else None

    def fence(self, task: int) -> tuple[int, str, str]:
        [(fence, state, worker)] = self.rows("SELECT fence, state, worker FROM generation_jobtask WHERE id = %s", task)
        return fence, state, worker


@contextlib.contextmanager
def site(there: Servers) -> Iterator[Farm]:
    with tempfile.TemporaryDirectory(prefix="ganerate-hosts-") as folder:
        farm = Farm(there, Path(folder))
        farm.python("manage.py", "migrate", "--verbosity", "0")
        try:
            yield farm
        finally:
            for process in farm.started:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                process.wait(timeout=30)


def compared(farm: Farm, hosts: list[Host], count: int) -> Iterator[Bar]:
    generator = farm.job("trained")["generator"]
    farm.sweep()
    alone = farm.job("more", generator, str(count))["job"]
    farm.work(hosts[0])
    wait(lambda: farm.ended(alone))
    hosts[0].kill()
    together = farm.job("more", generator, str(count))["job"]
    workers = [farm.work(host) for host in hosts]
    story = disturbed(farm, hosts, together)
    wait(lambda: farm.ended(together))
    one, four, read = farm.job("told", str(alone)), farm.job("told", str(together)), farm.job("read", str(together))
    off = count - read["images"] + count - read["different"] + count - read["slots"] + read["wrong"]
    off += 0 if one["manifest"] == four["manifest"] else count
    numbers = four["numbers"]
    # All but that of the host that was killed: none needs a hand.
    gone = [host for host, worker in zip(hosts[1:], workers[1:], strict=True) if worker.poll() is not None]
    yield Bar(
        f"{count:,} images by four hosts that are disturbed: images missing, twice, or other than one host made them",
        off,
        0,
        detail=f"one host {one['seconds']:.0f} s, four {four['seconds']:.0f} s; {story.told}; attempts of "
        f"{len(four['attempts'])} shards: {sum(four['attempts'])}; by host {four['workers']}",
    )
    yield Bar("events of that job missing, twice, or out of order", off_by(numbers), 0, detail=f"{len(numbers)} events")
    yield Bar("shards left in the store", len(four["left"]), 0)
    words = "; ".join(f"{host.name}: {farm.log(host).read_text()[-500:]}" for host in gone)
    yield Bar("workers that somebody has to start again", len(gone), 0, detail=words)


def off_by(numbers: list[int]) -> int:
    return sum(number != place for place, number in enumerate(numbers, start=1)) + (numbers == [])


@dataclass
class Story:
    cut_task: int = 0
    cut_fence: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        return ", ".join(self.said)


def disturbed(farm: Farm, hosts: list[Host], job: int) -> Story:
    """Raises RuntimeError where the job was too quick to be disturbed in all these ways."""
    story, (dead, lost, *_others) = Story(), hosts
    began = time.monotonic()

    def say(what: str) -> None:
        if farm.ended(job):
            farm.job("told", str(job))
            raise RuntimeError(f"the job ended before “{what}”: take more images")
        story.said.append(f"{what} at {time.monotonic() - began:.0f} s")
        print(f"    {story.said[-1]}", file=sys.stderr, flush=True)

    wait(lambda: farm.held(job, dead) is not None or farm.ended(job))
    say("a host killed")
    dead.kill()
    wait(lambda: farm.held(job, lost) is not None or farm.ended(job))
    say("a host cut off")
    held = farm.held(job, lost)
    assert held is not None
    story.cut_task, story.cut_fence = held
    lost.cut()
    mend_at = time.monotonic() + AWAY_SECONDS
    first = farm.done(job)
    wait(lambda: farm.done(job) > first or farm.ended(job))
    say("store refuses")
    farm.servers.valve.shut()
    open_at = time.monotonic() + AWAY_SECONDS
    time.sleep(AWAY_SECONDS / 6)
    say("Redis killed")
    farm.servers.redis.do("restart")
    time.sleep(max(0.0, mend_at - time.monotonic()))
    say("the host heard again")
    lost.mend()
    time.sleep(max(0.0, open_at - time.monotonic()))
    farm.servers.valve.open()
    say(f"store answers again, having refused {farm.servers.valve.refused} times,")
    later = farm.done(job)
    wait(lambda: farm.done(job) > later or farm.ended(job))
    say("PostgreSQL killed")
    farm.servers.postgres.do("restart")
    check(farm, lost, story)
    return story


def check(farm: Farm, lost: Host, story: Story) -> None:
    """What the host that was cut off held was given to another meanwhile."""
    fence, _state, worker = farm.fence(story.cut_task)
    if fence <= story.cut_fence:
        raise RuntimeError(f"the shard of the host that was cut off was given to nobody else: {fence}, {worker}")
    story.said.append(f"its shard had been taken over by {worker.partition(':')[0]}")


def wait(true: Callable[[], bool], every: float = 0.2) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        # PostgreSQL is away for a moment.
        with contextlib.suppress(psycopg.OperationalError):
            if true():
                return
        if time.monotonic() > end:
            raise RuntimeError("the job stands still")
        time.sleep(every)
