"""What the processes of a site weigh, read from /proc."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MEGABYTE = 1024 * 1024
EVERY_SECONDS = 0.1


def of_site(folder: Path) -> dict[int, str]:
    """Process ids and command lines of everything that runs with this data folder."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (path / "cmdline").read_bytes()
            # Valkey writes a title over both, with the path of its socket.
            ours = f"GANERATE_VAR={folder}\0".encode() in (path / "environ").read_bytes()
            # Not what the benchmark itself runs there.
            if command and b"create_account" not in command and (ours or str(folder).encode() in command):
                found[int(path.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def workers(folder: Path, queue: str = "") -> tuple[list[int], list[int]]:
    """Of one queue or of all, and their horses: the child that a worker forks for each ticket, which does the work."""
    there = of_site(folder)
    names = f"manage.py work {queue}", f"rq:worker:{queue}"
    found = [pid for pid, command in there.items() if any(name in command for name in names)]
    horses = [pid for pid in there if parent(pid) in found]
    return [pid for pid in found if pid not in horses], horses


def parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def web(folder: Path) -> int:
    return next(pid for pid, command in of_site(folder).items() if "ganerate.server" in command)


def resident(pid: int) -> int:
    """Bytes; 0 for a process that has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    return 0


def seconds(pid: int) -> float:
    """That it has worked, in itself and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def proportional(pid: int) -> int:
    """Bytes, what it shares with others divided among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def holds_torch(pid: int) -> bool:
    return "torch" in Path(f"/proc/{pid}/maps").read_text()


class Watch:
    """The most that each process of a site weighed while it was watched."""

    def __init__(self, folder: Path, weigh: Callable[[int], int] = resident) -> None:
        self.folder, self.weigh = folder, weigh
        self.most: dict[str, int] = {}
        self.stopped = threading.Event()

    def look(self) -> None:
        for pid, command in of_site(self.folder).items():
            name = short(command)
            self.most[name] = max(self.most.get(name, 0), self.weigh(pid))

    def run(self) -> None:
        while not self.stopped.wait(EVERY_SECONDS):
            self.look()

    @property
    def shown(self) -> str:
        heaviest = sorted(self.most.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {size / MEGABYTE:.0f} MB" for name, size in heaviest)


@contextlib.contextmanager
def watched(folder: Path, weigh: Callable[[int], int] = resident) -> Iterator[Watch]:
    watch = Watch(folder, weigh)
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stopped.set()
        thread.join()


def short(command: str) -> str:
    words = {"ganerate.server": "web", "valkey": "valkey", "manage.py run": "supervisor", "manage.py sweep": "sweep"}
    words |= {f"work {queue}": f"worker {queue}" for queue in ("short", "training", "sampling")}
    return next((name for word, name in words.items() if word in command), command[:60])


def grown(pid: int, seconds: float) -> int:
    """The most that the process weighed in this time."""
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        most = max(most, resident(pid))
        time.sleep(EVERY_SECONDS)
    return most
