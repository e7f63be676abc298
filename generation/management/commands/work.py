import contextlib
import logging
import os
import secrets
import signal
import socket
import time
from types import FrameType
from typing import Any

import django_rq
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, Worker, worker_registration
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from generation import bucket, workers
from generation.models import JobTask

logger = logging.getLogger(__name__)


class TicketWorker(Worker):
    """RQ's worker, whose work goes on while the queues are away, and gives its task back when it should stop."""

    # A ticket that comes when Valkey is back is taken soon.
    max_connection_wait_time = 2.0
    asked_to_stop = False

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """A Valkey that came back without its memory is told again who is there."""
        super().heartbeat(timeout, pipeline)
        worker_registration.register(self, pipeline)

    def maintain_heartbeats(self, job: Job) -> None:
        with contextlib.suppress(RedisError, OSError):
            super().maintain_heartbeats(job)

    def monitor_work_horse(self, job: Job, queue: Queue) -> None:
        """What became of the ticket matters to nobody: the task's row says what became of the task."""
        with contextlib.suppress(RedisError):
            super().monitor_work_horse(job, queue)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)
        super().request_stop(signum, frame)

    def set_shutdown_requested_date(self) -> None:
        with contextlib.suppress(RedisError, OSError):
            super().set_shutdown_requested_date()


class Command(BaseCommand):
    help = "Does the tasks of one queue, one after another."
    present: TicketWorker | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queue", choices=sorted(set(JobTask.QUEUES.values())))
        parser.add_argument("--burst", action="store_true", help="Stop when the queue is empty.")

    def handle(self, *args: Any, queue: str, burst: bool, **options: Any) -> None:
        # Each task runs in a fork of this process, which therefore never touches torch or a database.
        connections.close_all()
        if bucket.is_used():
            bucket.client()  # takes a quarter of a second, and so each fork has it
        # Signals go to the worker before until the next one has begun.
        with contextlib.suppress(StopRequested):
            while not self.served(queue, burst):
                time.sleep(TicketWorker.max_connection_wait_time)

    def served(self, queue: str, burst: bool) -> bool:
        """False where the queues are away and nobody asked this process to stop."""
        try:
            # One that can't be made leaves signals to the one before.
            self.present = self.worker(queue)
            self.present.work(burst=burst, logging_level="WARNING")
        except (RedisError, OSError) as error:
            logger.warning("The queues can't be reached: %s", error)
            return self.present is not None and self.present.asked_to_stop
        return True

    def worker(self, queue: str) -> TicketWorker:
        """One queue per worker: only then does a ticket survive a worker that dies with it in hand."""
        return TicketWorker(
            [django_rq.get_queue(queue)],
            # A container that is started again has its name and number of before, which RQ takes for one still there.
            name=f"{queue}@{socket.gethostname()}:{os.getpid()}.{secrets.token_hex(3)}",
            connection=django_rq.get_connection(queue),
            serializer=JSONSerializer,
            # Left to itself RQ says for seven minutes that an idle worker is there, dead or alive.
            worker_ttl=workers.HEARTBEAT_SECONDS + workers.RQ_MARGIN_SECONDS,
            job_monitoring_interval=workers.HEARTBEAT_SECONDS,
        )
