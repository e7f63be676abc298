"""A process that dies after its n-th write: a row, a commit, a call of a provider that moved something.

What it had not committed is lost, what waited for a commit never happens, and its connection is gone.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import stripe
from django.db import connection

WRITES = ("INSERT", "UPDATE", "DELETE")


class Crash(BaseException):
    """Nothing that handles errors handles this, as nothing runs on in a process that is dead."""


class Storm:
    def __init__(self, after: int) -> None:
        self.left = after
        self.struck = False

    def write(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.struck = True
            raise Crash

    def statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        if sql.lstrip().startswith(WRITES):
            self.write()
        return done

    def after(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def done_and_dead(*args: Any, **named: Any) -> Any:
            result = work(*args, **named)
            self.write()
            return result

        return done_and_dead

    def request(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Dead before the answer of a call that moved something was read."""
        moving = self.after(work)

        def asked(client: Any, method: str, *args: Any, **named: Any) -> Any:
            return (moving if method.lower() == "post" else work)(client, method, *args, **named)

        return asked


@contextlib.contextmanager
def storm(after: int | None) -> Iterator[Storm]:
    """`.struck` tells whether the crash came: what writes less often lives on, as without a storm."""
    struck = Storm(after or 0)
    asking = mock.patch.object(stripe.RequestsClient, "request", struck.request(stripe.RequestsClient.request))
    committing = mock.patch.object(connection, "_commit", struck.after(connection._commit))  # type: ignore[attr-defined]  # the stubs lack it
    try:
        with asking, committing, connection.execute_wrapper(struck.statement):
            yield struck
    except Crash:
        connection.run_on_commit.clear()
        connection.close()
