"""What must hold before anything is started, each with one clear line when it does not."""

import errno
import fcntl
import os
import shutil
import socket
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

DISK_NEEDED = 1024**3


class NotNow(Exception):
    pass


def lock(folder: Path) -> IO[str]:
    """Held for as long as the file is open, so that two copies never share one folder."""
    file = (folder / "run.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "?"
        file.close()
        text = _("GANerate is running already on %(folder)s (process %(process)s). Stop that one first.")
        raise NotNow(text % {"folder": folder, "process": holder}) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise NotNow(words(error, host, port)) from None


def words(error: Exception, host: str, port: int) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        text = _("Port %(port)d is taken: stop what uses it, or use PORT=%(next)d.")
        return text % {"port": port, "next": port + 1}
    if number == errno.EACCES:
        return _("Port %(port)d needs more rights than you have: use PORT=8000.") % {"port": port}
    text = _("This machine can't listen on %(host)s:%(port)d: %(reason)s.")
    return text % {"host": host, "port": port, "reason": getattr(error, "strerror", "") or error}


def refuse_full_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED:
        text = _("Only %(free)d MB are free for %(folder)s; at least 1 GB is needed. Make room first.")
        raise NotNow(text % {"free": free / 1024**2, "folder": folder})


def refuse_other_database() -> None:
    """One that can't be reached, that is older than the program, or newer."""
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    except DatabaseError as error:
        text = _("The database (DATABASE_URL) can't be reached: %(reason)s")
        raise NotNow(text % {"reason": str(error).strip().partition("\n")[0]}) from None
    if unknown := sorted(applied_here(executor) - known(executor)):
        text = _("The database is newer than this program: it knows %(migration)s. Go back to the newer program.")
        raise NotNow(text % {"migration": ".".join(unknown[-1])})
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotNow(_("The database is older than this program. Bring it up to date first: make setup"))


def refuse_other_store() -> None:
    """A store that says no. One that says nothing may be on its way: /readyz tells, and work waits for it."""
    if not settings.S3_BUCKET:
        return
    from generation import bucket, trials  # boto3 is loaded where it is used

    try:
        bucket.client().head_bucket(Bucket=settings.S3_BUCKET)
    except trials.FAULTS as error:
        code = bucket.code(error)
        if code in trials.NO_BUCKET:
            text = _("The store has no bucket %(bucket)s (S3_BUCKET). Make it: manage.py prepare_bucket")
            raise NotNow(text % {"bucket": settings.S3_BUCKET}) from None
        if code in trials.REFUSES:
            text = _(
                "The store refuses S3_ACCESS_KEY and S3_SECRET_KEY, or does not let them use %(bucket)s (S3_BUCKET)."
            )
            raise NotNow(text % {"bucket": settings.S3_BUCKET}) from None


def applied_here(executor: MigrationExecutor) -> set[tuple[str, str]]:
    """Of apps that are still installed."""
    return {(app, name) for app, name in executor.loader.applied_migrations if app in executor.loader.migrated_apps}


def known(executor: MigrationExecutor) -> set[tuple[str, str]]:
    """Also those that a squashed one stands for."""
    migrations = executor.loader.disk_migrations
    return set(migrations) | {old for migration in migrations.values() for old in migration.replaces}
