"""`manage.py run` for real: in a folder of its own, on a free port, with its parts killed under it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import redis

from ganerate import preflight, supervisor, valkey
from ganerate.management.commands.run import name_address
from ganerate.parts import Part
from tests.test_server import ROOT, free_port, get, until

pytestmark = pytest.mark.slow


class Running:
    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.folder = folder
        self.lines: list[str] = []
        command = [sys.executable, "manage.py", "run", "--port", str(self.port), *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        self.lines.extend(self.process.stdout)

    def ready(self) -> bool:
        return any("GANerate is at" in line for line in self.lines)

    def answers(self) -> bool:
        return get(self.port, "/").status < 500

    def parts(self) -> dict[str, int]:
        """Process ids by what they are, of everything that was started for this folder."""
        return {name: pid for pid, name in processes_of(self.folder).items()}


def environment(folder: Path) -> dict[str, str]:
    ours = ("DATABASE_URL", "REDIS_URL", "S3_BUCKET")
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return inherited | {"GANERATE_VAR": str(folder), "DEBUG": "1"}


def processes_of(folder: Path) -> dict[int, str]:
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            variables, command = (path / "environ").read_bytes(), (path / "cmdline").read_bytes()
        except OSError:
            continue
        # Valkey writes a title of its own over both, with the path of its socket.
        if command and (f"GANERATE_VAR={folder}\0".encode() in variables or f"{folder}/valkey".encode() in command):
            found[int(path.name)] = name_of(command.decode().rstrip("\0 "))
    return found


def name_of(command: str) -> str:
    words = command.replace("\0", " ").split()
    for name in ("ganerate.server", "valkey-server", "run", "sweep", "short", "training", "sampling"):
        if any(word.endswith(name) for word in words):
            return name
    return command


@pytest.fixture(scope="module")
def folder(tmp_path_factory, migrated) -> Path:
    folder = tmp_path_factory.mktemp("var")
    shutil.copy(migrated, folder)
    return folder


@pytest.fixture
def started(folder):
    """started(*options) is a running site, which is gone when the test is over however that went."""
    sites = []

    def start(*options: str) -> Running:
        sites.append(Running(folder, *options))
        return sites[-1]

    yield start
    for site in sites:
        site.process.kill()
        site.process.wait()
    until(lambda: not processes_of(folder))


@pytest.fixture
def site(started) -> Running:
    site = started("--no-workers")
    until(site.ready, 30)
    return site


def test_a_killed_part_is_back_within_two_seconds(site):
    for part in ("ganerate.server", "valkey-server"):
        killed = site.parts()[part]
        os.kill(killed, signal.SIGKILL)
        until(lambda: site.parts().get(part, killed) != killed, 2)  # noqa: B023  # asked before the next round
    until(site.answers, 5)
    until(lambda: valkey.answers(site.folder / "valkey" / "valkey.sock"), 2)


def test_valkey_keeps_what_it_was_told_through_a_kill(site):

    client = redis.Redis(unix_socket_path=str(site.folder / "valkey" / "valkey.sock"))
    client.rpush("tickets", *range(500))
    killed = site.parts()["valkey-server"]
    os.kill(killed, signal.SIGKILL)
    until(lambda: site.parts().get("valkey-server", killed) != killed, 2)
    until(lambda: client.llen("tickets") == 500, 3)


def test_sigterm_leaves_no_process(site):
    site.process.terminate()
    assert site.process.wait(6) == 0
    assert processes_of(site.folder) == {}


def test_a_killed_supervisor_leaves_no_process(site):
    site.process.kill()
    until(lambda: processes_of(site.folder) == {}, 5)


def test_a_second_copy_is_told_of_the_first(site, started):
    second = started()
    assert second.process.wait(10) == 1
    until(lambda: any("running already" in line and str(site.process.pid) in line for line in second.lines), 2)


def test_workers_run_and_go_with_the_rest(started):
    site = started()
    expected = {"run", "ganerate.server", "valkey-server", "sweep", "short", "training", "sampling"}
    until(lambda: set(site.parts()) == expected, 30)
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(8) == 0
    assert processes_of(site.folder) == {}


def test_a_taken_port_is_named_with_a_way_out(site):
    with pytest.raises(preflight.NotNow, match=f"Port {site.port} is taken.*PORT={site.port + 1}"):
        preflight.refuse_taken_port("127.0.0.1", site.port)


@pytest.mark.parametrize(
    ("address", "named"),
    [("http://127.0.0.1:8000", "http://127.0.0.1:8123"), ("https://gan.example", "https://gan.example")],
)
def test_letters_and_links_name_the_port_unless_an_address_is_set(settings, monkeypatch, address, named):
    settings.DEBUG, settings.SITE_URL = True, address
    monkeypatch.setenv("SITE_URL", address)
    name_address(8123)
    assert os.environ["SITE_URL"] == named


def test_a_full_disk_is_said_before_anything_starts(tmp_path, monkeypatch):
    preflight.refuse_full_disk(tmp_path)
    monkeypatch.setattr(preflight, "DISK_NEEDED", 2**62)
    with pytest.raises(preflight.NotNow, match="at least 1 GB"):
        preflight.refuse_full_disk(tmp_path)


def test_why_valkey_does_not_start_is_said(tmp_path):
    (tmp_path / "appendonlydir").write_text("not a folder")
    lines = []
    part = supervisor.embedded_valkey(tmp_path, tmp_path / "valkey.sock")
    keeper = supervisor.Supervisor([part], [], ROOT, None, lines.append)

    def said() -> bool:
        keeper.keep_running()
        return any("ended (1)" in line for line in lines)

    until(said, 10)
    assert "append" in lines[-1]
    assert str(tmp_path / "valkey.log") in lines[-1]


def test_a_part_that_dies_at_once_is_tried_less_and_less_often():
    part = Part("short-lived", [sys.executable, "-c", "raise SystemExit(3)"])
    pauses = []
    for _ in range(8):
        part.start(ROOT, subprocess.DEVNULL).wait()
        assert part.died() == 3
        assert not part.due
        pauses.append(round(part.pause, 1))
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


def test_a_part_ends_with_what_it_started():
    script = "import subprocess, time; subprocess.Popen(['sleep', '97']); print('up', flush=True); time.sleep(99)"
    part = Part("parent", [sys.executable, "-c", script])
    process = part.start(ROOT, subprocess.PIPE)
    assert process.stdout.readline() == b"up\n"
    part.stop(2)
    time.sleep(0.1)
    assert not any("sleep 97" in name for name in group_of(process.pid))


def group_of(leader: int) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if line.split()[0] == str(leader)]
