"""Writers of one process wait in line for SQLite's one write lock, and nobody is left waiting."""

import os
import threading
import time

import pytest
from django.db import DatabaseError, connection, connections, transaction

from ganerate.sqlite import base
from generation.models import SourceSet

pytestmark = [
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows, not files"),
    pytest.mark.django_db(transaction=True),
]


def in_threads(count, call):
    errors = []

    def run(number):
        try:
            call(number)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_many_writers_at_once_all_write(alice):
    def write(number):
        for turn in range(10):
            with transaction.atomic():
                SourceSet.objects.create(owner=alice, name=f"{number}-{turn}")

    assert in_threads(8, write) == []
    assert SourceSet.objects.count() == 80


def test_the_next_writer_begins_as_soon_as_the_first_ends(alice):
    begun, took = threading.Event(), []

    def write(number):
        if number == 0:
            with transaction.atomic():
                begun.set()
                time.sleep(0.3)
                ended.append(time.monotonic())
            return
        begun.wait()
        with transaction.atomic():
            took.append(time.monotonic() - ended[0])

    ended = []
    assert in_threads(2, write) == []
    assert 0 <= took[0] < 0.05


def test_a_transaction_that_fails_lets_the_next_one_in(alice):
    def fail(_number):
        with transaction.atomic():
            SourceSet.objects.create(owner=alice, name="lost")
            raise RuntimeError

    assert len(in_threads(1, fail)) == 1
    assert in_threads(1, lambda _: SourceSet.objects.create(owner=alice, name="kept")) == []
    assert [row.name for row in SourceSet.objects.all()] == ["kept"]


def test_a_connection_closed_in_a_transaction_lets_the_next_one_in(alice):
    def leave(_number):
        connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        connection.close()

    in_threads(1, leave)
    assert in_threads(1, lambda _: SourceSet.objects.create(owner=alice, name="kept")) == []


def test_who_waits_too_long_is_told(alice, monkeypatch):
    monkeypatch.setattr(base, "WAIT_SECONDS", 0.1)

    def write(_number):
        with transaction.atomic():
            raise AssertionError("the file is locked")

    with transaction.atomic():
        (error,) = in_threads(1, write)
    assert isinstance(error, DatabaseError)


def test_a_forked_child_waits_for_nobody(alice):
    with transaction.atomic():
        pid = os.fork()
        if pid == 0:
            os._exit(len(base.queues))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
