"""Django's SQLite, in which the writers of one process wait in line.

SQLite has one write lock, and whoever finds it taken sleeps and looks again, up to a tenth of a second at a time, while
others walk past. Among the threads of one process a lock wakes the next at once; other processes are met as before.
"""

import os
import threading
from collections import defaultdict
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

WAIT_SECONDS = 20.0

# By file. A forked child begins with new ones: whoever held one of these is not in it.
queues: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
os.register_at_fork(after_in_child=queues.clear)


class DatabaseWrapper(base.DatabaseWrapper):
    turn: "threading.Lock | None" = None  # a function until Python 3.13

    def _start_transaction_under_autocommit(self) -> None:
        turn = queues[str(self.settings_dict["NAME"])]
        if not turn.acquire(timeout=WAIT_SECONDS):
            raise OperationalError("database is locked")
        self.turn = turn
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the stubs lack these
        except BaseException:
            self.end_turn()
            raise

    def end_turn(self) -> None:
        turn, self.turn = self.turn, None
        if turn is not None:
            turn.release()

    def _commit(self) -> Any:
        super()._commit()  # type: ignore[misc]
        # Not in `finally`: a commit that failed leaves the transaction open, until it is rolled back or closed.
        self.end_turn()

    def _rollback(self) -> Any:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self.end_turn()

    def _close(self) -> Any:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self.end_turn()
