"""/healthz: this process answers. /readyz: what it needs is there.

Both come before all other middleware: no session, no redirect to https, and any host name, so that a probe may ask by
address. What is needed is looked at in threads of its own, once in some seconds however many ask, and a look that
hangs is itself the answer. An answer names what is missing, never where it is.

Without database, store or Valkey an instance is not ready (503), and a balancer sends people to one that is. Without
workers it is degraded, but ready (200): pages, uploads, downloads and new jobs go on, other machines may hold the
workers, and no balancer makes one start by sending people elsewhere. So it is where a bucket takes nothing from
browsers: they then send to the site.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, JsonResponse

from ganerate import metrics
from generation import bucket, tickets, trials, workers

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
# A store may charge for each object written.
KEPT_SECONDS, STORE_KEPT_SECONDS, FAULT_KEPT_SECONDS = 3.0, 15.0, 1.0
# What an instance can be ready without.
OPTIONAL = frozenset({"workers", "uploads"})


class Unwell(Exception):
    """In words that anybody may read."""


@dataclass(frozen=True)
class Finding:
    well: bool
    word: str
    seconds: float

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        return {"ok": self.well, "word": self.word, "ms": round(1000 * self.seconds, 1)}


class Check:
    """One look at a time, and none while the last one still counts."""

    def __init__(self, look: Callable[[], str], otherwise: str, kept: float = KEPT_SECONDS) -> None:
        self.look, self.otherwise, self.kept = look, otherwise, kept
        self.lock = threading.Lock()
        self.pending: Future[Finding] | None = None
        self.counts_until = 0.0

    def ask(self) -> Future[Finding]:
        with self.lock:
            over = self.pending is None or (self.pending.done() and time.monotonic() > self.counts_until)
            if self.pending is None or over:
                self.pending = THREADS.submit(self.find)
            return self.pending

    def find(self) -> Finding:
        started = time.monotonic()
        well, word = self.found()
        ended = time.monotonic()
        self.counts_until = ended + (self.kept if well else FAULT_KEPT_SECONDS)
        return Finding(well, word, ended - started)

    def found(self) -> tuple[bool, str]:
        try:
            return True, self.look()
        except Unwell as fault:
            return False, str(fault)
        except Exception:
            logger.warning("Not ready: %s", self.otherwise, exc_info=True)
            return False, self.otherwise


def database() -> str:
    try:
        applied = set(MigrationRecorder(connection).applied_migrations())
    finally:
        connection.close()
    if newest() - applied:
        raise Unwell("older than the program: its migrations were not applied")
    return "answers, migrations applied"


@cache
def newest() -> frozenset[tuple[str, str]]:
    """The last migration of each app."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def valkey() -> str:
    """Written, not only asked: one that is full or can't write to its disk answers a ping."""
    for queue in workers.QUEUES:
        tickets.queue_of(queue).connection.set("ganerate:ready", 1, ex=60)
    return "answers, takes writes"


def storage() -> str:
    content = uuid.uuid4().hex
    try:
        name = default_storage.save(f"{trials.PLACE}/{content}", ContentFile(content.encode()))
        try:
            with default_storage.open(name) as file:
                if file.read() != content.encode():
                    raise Unwell("reads something else than was written")
        finally:
            default_storage.delete(name)
    except trials.FAULTS as error:
        raise Unwell(trials.complaint(error)) from error
    return "writes, reads, deletes"


def uploads() -> str:
    try:
        trials.takes_from_browsers()
    except trials.Failed as failed:
        raise Unwell(str(failed)) from None
    return "the bucket takes them from browsers"


def worker_of_each_queue() -> str:
    if missing := workers.without_worker():
        raise Unwell(f"no worker for {', '.join(missing)}")
    return "one or more for each queue"


CHECKS = {
    "database": Check(database, "does not answer"),
    "valkey": Check(valkey, "does not answer, or takes no writes"),
    "storage": Check(storage, "can't be written, read or deleted from", STORE_KEPT_SECONDS),
    "workers": Check(worker_of_each_queue, "unknown, because Valkey does not answer"),
}
if bucket.is_used():
    CHECKS["uploads"] = Check(uploads, "the store does not answer", STORE_KEPT_SECONDS)
THREADS = ThreadPoolExecutor(max_workers=len(CHECKS), thread_name_prefix="readiness")


def healthz(request: HttpRequest) -> HttpResponseBase:
    return answer(200, {"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponseBase:
    """`?exclude=valkey` as Kubernetes has it: told, but not judged."""
    findings = look_at_all()
    missing = [name for name, finding in findings.items() if not finding.well]
    judged = set(missing) - set(request.GET.getlist("exclude"))
    status = "not ready" if judged - OPTIONAL else "degraded" if missing else "ready"
    checks = {name: finding.as_json() for name, finding in findings.items()}
    return answer(503 if judged - OPTIONAL else 200, {"status": status, "missing": missing, "checks": checks})


def look_at_all() -> dict[str, Finding]:
    started = time.monotonic()
    asked = {name: check.ask() for name, check in CHECKS.items()}
    return {name: within(future, started + ANSWER_SECONDS) for name, future in asked.items()}


def within(future: Future[Finding], deadline: float) -> Finding:
    try:
        return future.result(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        return Finding(False, f"no answer within {ANSWER_SECONDS:g} s", ANSWER_SECONDS)


def answer(status: int, body: dict[str, Any]) -> JsonResponse:
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})


class Probes:
    """Stands before every other middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == metrics.PATH:
            return metrics.by_token(request) or self.get_response(request)
        probe = PROBES.get(request.path)
        if probe is None:
            return self.get_response(request)
        return probe(request) if request.method in ("GET", "HEAD") else HttpResponseNotAllowed(["GET", "HEAD"])


PROBES = {"/healthz": healthz, "/readyz": readyz}
