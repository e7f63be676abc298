"""The real server on a real port: what it refuses, and what it holds in memory for those who read slowly."""

import http.client
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1024 * 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start() -> subprocess.Popen:
    port = free_port()
    options = ["-b", "127.0.0.1", "-p", str(port), "-v", "0"]
    command = [sys.executable, "-m", "ganerate.server", *options, "tests.streaming:application"]
    process = subprocess.Popen(command, cwd=ROOT)
    process.port = port
    until(lambda: get(port, "/").status == 200)
    return process


@pytest.fixture(scope="module")
def server():
    process = start()
    yield process
    process.terminate()
    assert process.wait(10) == 0


def until(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def get(port: int, path: str, method: str = "GET", body: object = None, **options: object) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, **options)
    return connection.getresponse()


def memory(process: subprocess.Popen) -> int:
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096


def test_a_body_of_ten_megabytes_is_taken(server):
    assert get(server.port, "/", "PUT", b"x" * (10 * MEGABYTE)).read() == b"10485760"


@pytest.mark.parametrize("extra", [1, 20 * MEGABYTE])
def test_a_larger_body_is_answered_413(server, extra):
    response = get(server.port, "/", "PUT", b"x" * (10 * MEGABYTE + extra))
    assert response.status == 413
    assert b"in parts" in response.read()


def test_a_body_without_length_is_answered_413_too(server):
    chunks = (b"x" * MEGABYTE for _ in range(12))
    assert get(server.port, "/", "PUT", chunks, encode_chunked=True).status == 413


def test_a_client_that_waits_for_leave_to_send_is_refused_at_once(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_an_endless_body_is_cut_off_and_costs_no_memory(server):
    before = memory(server)
    with pytest.raises(OSError):  # noqa: PT011  # broken pipe or reset, as it happens
        get(server.port, "/", "PUT", (b"x" * MEGABYTE for _ in range(500)), encode_chunked=True).read()
    assert memory(server) - before < 30 * MEGABYTE


def test_a_fast_reader_gets_everything_in_order(server):
    body = get(server.port, "/stream/40").read()
    assert len(body) == 40 * MEGABYTE
    assert [body[number * MEGABYTE] for number in range(40)] == list(range(40))


def test_slow_readers_cost_no_memory_and_delay_nobody(server):
    before = memory(server)
    readers = [get(server.port, "/stream/100000") for _ in range(20)]
    time.sleep(2)
    started = time.monotonic()
    assert get(server.port, "/").status == 200
    assert time.monotonic() - started < 1
    assert memory(server) - before < 60 * MEGABYTE
    for reader in readers:
        reader.close()
    until(lambda: get(server.port, "/open").read() == b"0", 3)


def test_a_file_that_breaks_off_is_cut_each_time(server):
    """Daphne alone leaves the client waiting for ever, and stops looking after all the others as well."""
    for _ in range(2):
        with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
            get(server.port, "/broken").read()


def test_the_end_amid_downloads_is_quick_and_clean():
    server = start()
    readers = [get(server.port, "/stream/100000") for _ in range(5)]
    server.terminate()
    assert server.wait(5) == 0
    assert all(reader.status == 200 for reader in readers)


def test_a_websocket_works_as_before(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(HANDSHAKE)
        assert b" 101 " in client.recv(1000)
        client.sendall(b"\x81\x85\0\0\0\0hello")  # a masked text frame
        assert client.recv(100) == b"\x81\x05hello"


def test_sockets_that_are_not_read_cost_no_memory_and_delay_nobody(server):
    before = memory(server)
    clients = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(20)]
    for client in clients:
        client.sendall(HANDSHAKE)
        assert b" 101 " in client.recv(1000)
        client.sendall(b"\x81\x85\0\0\0\0flood")
    time.sleep(2)
    started = time.monotonic()
    assert get(server.port, "/").status == 200
    assert time.monotonic() - started < 1
    assert memory(server) - before < 60 * MEGABYTE
    assert len(clients[0].recv(1000)) > 0
    for client in clients:
        client.close()


HANDSHAKE = (
    b"GET /ws/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
