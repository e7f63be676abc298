"""Processes of this machine, named so that another of its processes can tell whether one is still there."""

import os
import socket
import sys
from functools import cache
from pathlib import Path

PROC = Path("/proc")
# Stopped, traced, dead, zombie: /proc/PID/stat, see proc(5).
NOT_RUNNING = frozenset("TtXxZ")


def own_name() -> str:
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid} {realm()}.{born(pid)}"[:200]


def is_gone(name: str) -> bool:
    """Certain that the process has ended. A process of another machine, or another container, may be there still."""
    return in_reach(name) and state(name) in ("", "X", "x", "Z")


def is_running(name: str) -> bool:
    """Certain that the process is there, and not stopped."""
    return in_reach(name) and bool(found := state(name)) and found not in NOT_RUNNING


def in_reach(name: str) -> bool:
    return bool(realm()) and name.partition(" ")[2].rpartition(".")[0] == realm()


def state(name: str) -> str:
    """One letter; none where the process is no more, or another has its number."""
    place, _space, stamp = name.partition(" ")
    pid = int(place.rpartition(":")[2])
    fields = stat(pid)
    return fields[0] if fields and fields[19] == stamp.rpartition(".")[2] else ""


def born(pid: int) -> str:
    """When, in clock ticks since the machine started: no two processes share number and birth."""
    fields = stat(pid)
    return fields[19] if fields else ""


def stat(pid: int) -> list[str]:
    """From the third field on: the second is a name, which may hold anything."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@cache
def realm() -> str:
    """This run of this kernel, and the namespace of process numbers in it; nothing where there is no such thing."""
    if sys.platform != "linux":
        return ""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text()
        return f"{boot[:8]}-{os.readlink(PROC / 'self/ns/pid').strip('pid:[]')}"
    except OSError:
        return ""
