"""Hosts of a network of their own on this machine: namespaces of network, process numbers and host name. Needs root.

198.18.0.0/15 is kept for test networks (RFC 2544), and the hosts have no way out of theirs.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NETWORK = "198.18.78"
HERE = f"{NETWORK}.1"
BRIDGE = "ganbench"


def missing() -> str:
    """Why there can be no such hosts here, or nothing."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    tools = [tool for tool in ("ip", "unshare") if shutil.which(tool) is None]
    return f"{', '.join(tools)} is not installed (iproute2, util-linux)" if tools else ""


@dataclass(frozen=True)
class Host:
    number: int

    @property
    def name(self) -> str:
        return f"{BRIDGE}{self.number}"

    @property
    def address(self) -> str:
        return f"{NETWORK}.{10 + self.number}"

    def start(
        self, command: list[str], environment: dict[str, str], log: Path, cores: set[int] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Its processes see no other host's, and nobody elsewhere can look whether one of them lives."""
        alone = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"]
        named = ["sh", "-c", f'hostname {self.name} && exec "$@"', "sh", *command]
        pinned = ["taskset", "-c", ",".join(map(str, cores))] if cores else []
        with log.open("ab") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.name, *pinned, *alone, *named],
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def cut(self) -> None:
        """From now on it hears nothing, and nothing is heard of it: no refusal, silence."""
        ip("link", "set", self.name, "down")

    def mend(self) -> None:
        ip("link", "set", self.name, "up")

    def processes(self) -> list[int]:
        found = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True)
        return [int(pid) for pid in found.stdout.split()]

    def kill(self) -> None:
        """All at once, as when its power fails."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def hosts(count: int) -> Iterator[list[Host]]:
    made = [Host(number) for number in range(1, count + 1)]
    down(made)
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for host in made:
            up(host)
        yield made
    finally:
        down(made)


def up(host: Host) -> None:
    ip("netns", "add", host.name)
    ip("link", "add", host.name, "type", "veth", "peer", "name", "eth0", "netns", host.name)
    ip("link", "set", host.name, "master", BRIDGE, "up")
    ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "eth0")
    ip("-n", host.name, "link", "set", "eth0", "up")
    ip("-n", host.name, "link", "set", "lo", "up")


def down(made: list[Host]) -> None:
    """The links first: a namespace goes only some time after it was asked to."""
    for host in made:
        host.kill()
        ip("link", "del", host.name, quiet=True)
        ip("netns", "del", host.name, quiet=True)
    ip("link", "del", BRIDGE, quiet=True)


def ip(*arguments: str, quiet: bool = False) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode and not quiet:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
