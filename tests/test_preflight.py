"""What `manage.py run` refuses before it starts anything. Ports, disks and second copies: test_supervisor."""

import os
import time

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import translation

from ganerate import preflight, statics
from ganerate.management.commands.run import terminal_language


def test_the_database_as_it_should_be(db):
    preflight.refuse_other_database()


def test_a_database_older_than_the_program(db):
    MigrationRecorder(connection).migration_qs.filter(app="moderation").order_by("-pk").first().delete()
    with pytest.raises(preflight.NotNow, match=r"older than this program.*make setup"):
        preflight.refuse_other_database()


def test_a_database_newer_than_the_program(db):
    MigrationRecorder(connection).record_applied("generation", "9999_from_the_future")
    with pytest.raises(preflight.NotNow, match=r"newer than this program: it knows generation\.9999_from_the_future"):
        preflight.refuse_other_database()


def test_rows_of_an_app_that_is_gone_are_no_newer_database(db):
    MigrationRecorder(connection).record_applied("sites", "0001_initial")
    preflight.refuse_other_database()


@pytest.mark.parametrize("port", [70000, -1])
def test_a_port_that_is_none(port):
    with pytest.raises(preflight.NotNow, match=f"can't listen on 127.0.0.1:{port}"):
        preflight.refuse_taken_port("127.0.0.1", port)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({}, "en"),
    ],
)
def test_the_start_speaks_the_terminals_language(monkeypatch, environment, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal_language() == language
    with translation.override(language):
        assert preflight.words(OverflowError("no"), "127.0.0.1", 70000)


def test_static_files_are_collected_when_they_are_older_than_their_sources(tmp_path):
    manifest = tmp_path / "staticfiles.json"
    assert statics.stale(manifest)
    manifest.write_text("{}")
    assert not statics.stale(manifest)
    os.utime(manifest, (time.time() - 10**9,) * 2)
    assert statics.stale(manifest)
