import os
import socket
from typing import Any

import django_rq
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from rq import Worker
from rq.serializers import JSONSerializer

from generation.models import JobTask


class Command(BaseCommand):
    help = "Does the tasks of one queue, one after another."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queue", choices=sorted(set(JobTask.QUEUES.values())))
        parser.add_argument("--burst", action="store_true", help="Stop when the queue is empty.")

    def handle(self, *args: Any, queue: str, burst: bool, **options: Any) -> None:
        # One queue per worker: only then does a ticket survive a worker that dies with it in hand.
        worker = Worker(
            [django_rq.get_queue(queue)],
            name=f"{queue}@{socket.gethostname()}:{os.getpid()}",
            connection=django_rq.get_connection(queue),
            serializer=JSONSerializer,
        )
        # Each task runs in a fork of this process, which therefore never touches torch or a database.
        connections.close_all()
        worker.work(burst=burst, logging_level="WARNING")
