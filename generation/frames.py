"""How a checker and its parent talk: a length, a JSON head, a body of bytes."""

import json
import os
import resource
import signal
import struct
import sys
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from generation.images import Checked

LENGTHS = struct.Struct(">II")
MEMORY = 1024**3


def write_frame(stream: IO[bytes], head: dict[str, Any], body: bytes) -> None:
    encoded = json.dumps(head).encode()
    stream.write(LENGTHS.pack(len(encoded), len(body)) + encoded)
    stream.write(body)
    stream.flush()


def read_frame(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Raises EOFError when the other side has gone."""
    head, body = LENGTHS.unpack(exactly(stream, LENGTHS.size))
    return json.loads(exactly(stream, head)), exactly(stream, body)


def exactly(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def serve(check: "Callable[[bytes], Checked]") -> None:
    """Answers frames until standard input ends. Ends by SIGALRM on an image that takes too long."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the frames
    while True:
        try:
            head, data = read_frame(sys.stdin.buffer)
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, head["seconds"])
        checked = check(data)
        signal.setitimer(signal.ITIMER_REAL, 0)
        write_frame(answers, checked.facts(), checked.data)
