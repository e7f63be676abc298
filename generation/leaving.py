"""A worker that is asked to go gives its task back, for another to go on with at once."""

import signal
import threading
import time
from types import FrameType

# What is not stored by then is done again: whoever stops the site waits.
SECONDS = 2.0

asked = threading.Event()
asked_at = 0.0


def listen() -> None:
    """In a worker's process, whose main thread this is."""
    signal.signal(signal.SIGTERM, ask)


def ask(number: int, frame: FrameType | None) -> None:
    global asked_at
    asked_at = time.monotonic()
    asked.set()


def overdue() -> bool:
    return asked.is_set() and time.monotonic() - asked_at > SECONDS
