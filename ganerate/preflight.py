"""What must hold before anything is started, each with one clear line when it does not."""

import errno
import fcntl
import os
import shutil
import socket
from pathlib import Path
from typing import IO

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
        raise NotNow(f"GANerate is running already on {folder} (process {holder}). Stop that one first.") from None
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
        except OSError as error:
            raise NotNow(words(error, host, port)) from None


def words(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken: stop what uses it, or use PORT={port + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than you have: use PORT=8000."
    return f"This machine can't listen on {host}:{port}: {error.strerror}."


def refuse_full_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < DISK_NEEDED:
        raise NotNow(f"Only {free / 1024**2:.0f} MB are free for {folder}; at least 1 GB is needed. Make room first.")
