import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import translation
from django.utils.translation import gettext as _

from ganerate import preflight, statics, supervisor, valkey

# What settings take for the address where nobody says another.
USUAL = "http://127.0.0.1:8000"


class Command(BaseCommand):
    help = "Runs the site and its workers on this machine until Ctrl-C."
    # Each part checks itself; doing it here as well would only delay the first page.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
        parser.add_argument("--no-workers", action="store_true", help="only the web server, and Valkey if embedded")
        parser.add_argument("--quiet", action="store_true", help="write what the parts print to VAR/logs/*.log")

    def handle(self, *, host: str, port: int, no_workers: bool, quiet: bool, **options: Any) -> None:
        try:
            with translation.override(terminal_language()), preflight.lock(settings.VAR_DIR):
                refuse(host, port)
                statics.collect_if_stale(self.stdout.write)
                name_address(port)
                first = [supervisor.web(host, port)]
                if settings.EMBEDDED_VALKEY:
                    first.insert(0, supervisor.embedded_valkey(settings.VAR_DIR / "valkey", settings.VALKEY_SOCKET))
                later = [] if no_workers else supervisor.background()
                logs = log_folder() if quiet else None
                supervisor.Supervisor(first, later, settings.BASE_DIR, logs, self.stdout.write).run(
                    host, port, own_name()
                )
        except preflight.NotNow as reason:
            raise CommandError(str(reason)) from None


def refuse(host: str, port: int) -> None:
    preflight.refuse_full_disk(settings.VAR_DIR)
    preflight.refuse_taken_port(host, port)
    preflight.refuse_other_database()
    preflight.refuse_other_store()
    connections.close_all()
    if settings.EMBEDDED_VALKEY and valkey.answers(settings.VALKEY_SOCKET):
        text = _("Another Valkey answers at %(socket)s. Stop that one first.")
        raise preflight.NotNow(text % {"socket": settings.VALKEY_SOCKET})


def name_address(port: int) -> None:
    """Letters and links to copy name the site's address: where none is set, it is the one at this port."""
    if settings.DEBUG and settings.SITE_URL == USUAL:
        os.environ["SITE_URL"] = USUAL.replace("8000", str(port))


def own_name() -> str:
    """A host name that this site answers to; any other would be refused, and logged."""
    name: str = settings.ALLOWED_HOSTS[0].lstrip(".")
    return "localhost" if name in ("*", "") else name


def terminal_language() -> str:
    """What the terminal speaks: the environment's own word for it, as every program reads it."""
    name = next((os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(key)), "en")
    return "ko" if name.startswith("ko") else "en"


def log_folder() -> Path:
    folder: Path = settings.VAR_DIR / "logs"
    folder.mkdir(exist_ok=True)
    return folder
