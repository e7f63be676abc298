"""A thousand watchers of one job, and nobody misses anything.

Half of them hold a WebSocket, half an event stream. A bare consumer that passes on a text, behind daphne and with as
many WebSockets, is measured in the same run: the two take turns, each with two events a second. Each event is timed
from before the sender's call, in which ours writes it to the database too.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Self

from benchmarks import processes
from benchmarks.bars import Bar
from benchmarks.control.eight_clients import described, percentile
from benchmarks.site import ROOT, Site, end, free_port, running

CROWD = 1000
PER_SECOND = 2
ROUNDS, EVENTS = 4, 30
EVENTS_WITH_KILL = 60
KILLED_AFTER = 10.0
# Within which whoever was cut off must be back and know everything.
PATIENCE = 40.0

PREPARE = """
import json
import django; django.setup()
from django.test import Client
from django.utils import timezone
from generation import jobs
from generation.engine.config import RecipeRequest
from generation.models import SourceSet
from marketplace.accounts.models import ApiToken, User

user, _made = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})
user.accept_present_terms()
fields = {"declared_at": timezone.now(), "declaration_version": "x", "usable_count": 60, "draft_fingerprint": "f" * 64}
source_set = SourceSet.objects.create(owner=user, name="Watched", **fields)
job = jobs.submit(user, source_set, count=100, request=RecipeRequest(preset="quick", resolution=28))
browser = Client()
browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
print(json.dumps({
    "job": str(job.public_id),
    "socket": f"/ws/jobs/{job.public_id}/",
    "stream": f"/api/v1/jobs/{job.public_id}/events/",
    "cookie": f"sessionid={browser.cookies['sessionid'].value}",
    "token": ApiToken.issue(user, "bench", ["read"])[1],
}))
"""

# Keeps time: a slow call does not put off the next.
DRIVE = """
import json, sys, time
import django; django.setup()
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from generation import events
from generation.models import GenerationJob

job_id, turns, per_second = json.loads(sys.argv[1])
job = GenerationJob.objects.select_related("source_set").get(public_id=job_id)
figures = {"kimg": 1.5, "total_kimg": 10.0, "images_per_second": 71.25, "loss_d": 0.512, "loss_g": 0.734,
           "augment_p": 0.1, "r_t": 0.5, "swd": 31.0, "swd_floor": 21.5, "seconds_left": [60, 90], "fraction": 0.15}

def ours():
    events.record(job, "progress", figures | {"sent": time.monotonic()})

told = iter(range(1, 1_000_000))

def bare():
    event = {"number": next(told), "kind": "progress", "stage": "training", "state": "running",
             "at": "2026-11-21T00:00:00", "data": figures | {"sent": time.monotonic()}}
    async_to_sync(get_channel_layer().group_send)("echo", {"type": "echo", "text": json.dumps(event)})

for what, count in turns:
    begin = time.monotonic() + 1.0
    for number in range(count):
        time.sleep(max(0.0, begin + number / per_second - time.monotonic()))
        {"ours": ours, "bare": bare}[what]()
"""

Told = list[tuple[int, float]]  # number of an event, seconds until it was there
FIRST = 1  # what a job is made with


def bars(*, full: bool) -> Iterator[Bar]:
    rounds = ROUNDS * (3 if full else 1)
    with running(workers=False) as site, bare_server(site) as address, processes.watched(site.folder) as watch:
        made = json.loads(site.python("-", stdin=PREPARE))
        everyone = made | {"site": site.address, "sockets": CROWD // 2, "streams": CROWD // 2}
        with Crowd(everyone) as watchers:
            with Crowd({"site": address, "socket": "/", "sockets": CROWD, "streams": 0}) as listeners:
                drive(site, made["job"], [("ours", EVENTS), ("bare", EVENTS)] * rounds)
                bare = listeners.report(EVENTS * rounds)
            calm = FIRST + EVENTS * rounds
            kill_meanwhile(site, made["job"])
            ours = watchers.report(calm + EVENTS_WITH_KILL)
    yield pace(ours, bare, calm)
    yield from whole(ours, calm)
    yield Bar(f"web process with {CROWD} watchers, at most", watch.most["web"] / processes.MEGABYTE, 400, " MB")


def pace(ours: list[Told], bare: list[Told], calm: int) -> Bar:
    times = {
        "ours": [seconds * 1000 for told in ours for number, seconds in told if FIRST < number <= calm],
        "a bare consumer's": [seconds * 1000 for told in bare for _number, seconds in told],
    }
    p99 = [percentile(values, 99) for values in times.values()]
    return Bar(
        f"{CROWD} watchers, {PER_SECOND} events a second, p99 from told to heard, against a bare consumer",
        p99[0] / p99[1],
        2.0,
        "x",
        detail="; ".join(described(name, values) for name, values in times.items()),
    )


def whole(ours: list[Told], calm: int) -> Iterator[Bar]:
    """How many watchers did not get every event once and in order."""
    numbers = [[number for number, _seconds in told] for told in ours]
    wrong = sum([n for n in mine if n <= calm] != list(range(1, calm + 1)) for mine in numbers)
    yield Bar("watchers that missed an event, heard one twice or out of order", wrong, 0)
    last = calm + EVENTS_WITH_KILL
    wrong = sum(mine != list(range(1, last + 1)) for mine in numbers)
    late = max(seconds for told in ours for number, seconds in told if number > calm)
    detail = f"{last - calm} events meanwhile; the latest was there after {late:.1f} s"
    yield Bar("the same where the web process is killed meanwhile", wrong, 0, detail=detail)


@contextlib.contextmanager
def bare_server(site: Site) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "daphne", "-v", "0", "-p", str(port), "benchmarks.jobs.echo:application"]
    process = subprocess.Popen(command, cwd=ROOT, env=site.environment)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


class Crowd:
    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order

    def __enter__(self) -> Self:
        """Returns when everyone is connected."""
        command = [sys.executable, "-m", "benchmarks.jobs.crowd"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        if self.ask(self.order) != "there":
            raise RuntimeError("the crowd did not get in")
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()

    def report(self, last: int) -> list[Told]:
        """What each was told, as soon as all have heard the `last` event or patience is at its end."""
        told: list[Told] = self.ask([last, PATIENCE])
        return told

    def ask(self, line: object) -> Any:  # Any: JSON values
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(line), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def drive(site: Site, job: str, turns: list[tuple[str, int]]) -> None:
    site.python("-c", DRIVE, json.dumps([job, turns, PER_SECOND]))


def kill_meanwhile(site: Site, job: str) -> None:
    killer = threading.Timer(KILLED_AFTER, lambda: os.kill(processes.web(site.folder), signal.SIGKILL))
    killer.start()
    drive(site, job, [("ours", EVENTS_WITH_KILL)])
    killer.join()
