"""What /healthz and /readyz say, with each thing they tell of really gone."""

import json
import time

import django_rq
import pytest
from django.conf import settings as configured
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from rq.serializers import JSONSerializer

from ganerate import health
from generation import workers
from generation.management.commands.work import TicketWorker

NOWHERE = {"URL": "unix:///nowhere/v.sock", "DEFAULT_TIMEOUT": -1}


@pytest.fixture(autouse=True)
def nothing_known_yet(monkeypatch):
    for check in health.CHECKS.values():
        monkeypatch.setattr(check, "pending", None)


@pytest.fixture
def probe(client):
    def ask(path: str = "/readyz", **headers: str) -> tuple[int, dict]:
        answer = client.get(path, headers=headers)
        return answer.status_code, answer.json()

    return ask


@pytest.fixture
def at_work(valkey):
    """A worker for each queue, as RQ writes them down."""
    for queue in workers.QUEUES:
        register(queue)


def register(queue: str) -> TicketWorker:
    serializer = JSONSerializer
    worker = TicketWorker(
        [django_rq.get_queue(queue)], name=f"{queue}@host:1", serializer=serializer, prepare_for_work=False
    )
    worker.hostname, worker.pid = "host", 1
    worker.register_birth()
    return worker


def test_it_is_ready_when_everything_is_there(probe, at_work, transactional_db):
    status, body = probe()
    assert (status, body["status"], body["missing"]) == (200, "ready", [])
    assert set(body["checks"]) == {"database", "valkey", "storage", "workers"}
    assert all(check["ok"] and check["word"] and check["ms"] >= 0 for check in body["checks"].values())


def test_it_lives_without_anything(probe, settings, monkeypatch):
    """Not even a database: this test may not touch one."""
    settings.SECURE_SSL_REDIRECT = True
    monkeypatch.setattr("django_rq.settings.QUEUES", dict.fromkeys(workers.QUEUES, NOWHERE))
    assert probe("/healthz", host="10.1.2.3") == (200, {"status": "alive"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_asks_by_address_without_https_or_session(path, client, settings, at_work, transactional_db):
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(path, headers={"host": "10.1.2.3:8000"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert not answer.cookies
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_changes_nothing(path):
    browser = Client(enforce_csrf_checks=True)
    assert [getattr(browser, method)(path).status_code for method in ("post", "put", "delete")] == [405] * 3


def test_without_valkey_it_is_not_ready(probe, transactional_db, monkeypatch):
    monkeypatch.setattr("django_rq.settings.QUEUES", dict.fromkeys(workers.QUEUES, NOWHERE))
    status, body = probe()
    assert (status, body["status"], body["missing"]) == (503, "not ready", ["valkey", "workers"])
    assert body["checks"]["workers"]["word"] == "unknown, because Valkey does not answer"
    assert body["checks"]["database"]["ok"]


def test_a_valkey_that_is_full_is_missing_though_it_answers(probe, at_work, valkey, transactional_db):
    valkey.config_set("maxmemory", 1)
    try:
        assert valkey.ping()
        assert probe()[1]["missing"] == ["valkey"]
    finally:
        valkey.config_set("maxmemory", 0)


def test_what_a_balancer_can_do_without_is_told_but_not_judged(client, transactional_db, monkeypatch):
    monkeypatch.setattr("django_rq.settings.QUEUES", dict.fromkeys(workers.QUEUES, NOWHERE))
    answer = client.get("/readyz?exclude=valkey")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "valkey" in answer.json()["missing"]


def test_without_workers_it_is_degraded_but_takes_requests(probe, valkey, transactional_db):
    register("training")
    status, body = probe()
    assert (status, body["status"], body["missing"]) == (200, "degraded", ["workers"])
    assert body["checks"]["workers"]["word"] == "no worker for sampling, short"


def test_a_worker_that_fell_silent_is_none(probe, at_work, valkey, transactional_db):
    valkey.hset("rq:worker:training@host:1", "last_heartbeat", "2026-11-21T00:00:00.000000Z")
    assert probe()[1]["checks"]["workers"]["word"] == "no worker for training"


def test_a_worker_is_there_again_after_valkey_lost_its_memory(valkey):
    worker = register("training")
    valkey.flushall()
    assert "training" in workers.without_worker()
    worker.heartbeat()
    assert "training" not in workers.without_worker()


def test_a_store_that_takes_nothing(probe, at_work, settings, transactional_db):
    options = {"location": "/proc/ganerate", "base_url": None}
    storage = settings.STORAGES["default"] | {"OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"default": storage}
    status, body = probe()
    assert (status, body["missing"]) == (503, ["storage"])


def test_nothing_is_left_in_the_store(at_work, settings, transactional_db, probe):
    probe()
    folder = settings.STORAGES["default"]["OPTIONS"]["location"] / "readiness"
    assert folder.exists()
    assert list(folder.iterdir()) == []


def test_a_database_older_than_the_program(probe, at_work, transactional_db):
    rows = MigrationRecorder(connection).migration_qs.filter(app="generation").order_by("-name")
    newest = rows.first()
    name, app = newest.name, newest.app
    newest.delete()
    try:
        status, body = probe()
    finally:
        MigrationRecorder(connection).record_applied(app, name)
    assert (status, body["missing"]) == (503, ["database"])
    assert "migrations were not applied" in body["checks"]["database"]["word"]


def test_a_database_that_is_gone(probe, at_work, monkeypatch):
    """pytest lets this test reach none."""
    status, body = probe()
    assert (status, body["missing"]) == (503, ["database"])


def test_no_address_and_no_password_is_told(probe, client, monkeypatch):
    away = {"URL": "redis://user:hunter2@127.0.0.1:1/0", "DEFAULT_TIMEOUT": -1}
    monkeypatch.setattr("django_rq.settings.QUEUES", dict.fromkeys(workers.QUEUES, away))
    text = json.dumps(probe())
    assert not any(word in text for word in ("hunter2", "127.0.0.1", str(configured.VAR_DIR), "Traceback"))


def test_a_look_that_hangs_is_the_answer_and_is_not_begun_again(probe, at_work, transactional_db, monkeypatch):
    begun = []

    def hang() -> str:
        begun.append(1)
        time.sleep(1)
        return "late"

    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(health.CHECKS["storage"], "look", hang)
    answers = [probe()[1]["checks"]["storage"]["word"] for _ in range(3)]
    assert (answers, len(begun)) == (["no answer within 0.2 s"] * 3, 1)


def test_many_probes_look_once(probe, at_work, transactional_db, monkeypatch):
    looks = []
    monkeypatch.setattr(health.CHECKS["storage"], "look", lambda: looks.append(1) or "well")
    for _ in range(20):
        probe()
    assert len(looks) == 1
