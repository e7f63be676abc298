"""Requests keep their threads, and their database connections with them."""

import asyncio
import threading

from django.db import connections
from django.http import StreamingHttpResponse

from ganerate import threads


async def lend(seconds: float = 0.0) -> int:
    async with threads.lent_thread() as thread:
        await asyncio.sleep(seconds)
        return await asyncio.get_running_loop().run_in_executor(thread, threading.get_ident)


async def test_the_next_request_runs_in_the_thread_of_the_last():
    assert await lend() == await lend()


async def test_requests_at_the_same_time_have_threads_of_their_own():
    assert len(set(await asyncio.gather(*[lend(0.05) for _ in range(4)]))) == 4


async def test_a_loan_given_back_serves_others_and_is_taken_anew(monkeypatch):
    monkeypatch.setattr(threads, "free", [])
    loop = asyncio.get_running_loop()
    async with threads.lent_thread() as mine:
        first = await loop.run_in_executor(mine, threading.get_ident)
        mine.give_back()
        assert await lend() == first
        assert await loop.run_in_executor(mine, threading.get_ident) == first
    assert len(threads.free) == 1


async def test_an_event_stream_holds_no_thread(monkeypatch):
    sent: list[int] = []

    async def respond(handler, scope, receive, send):
        await asyncio.get_running_loop().run_in_executor(threads.loan.get(), threading.get_ident)
        await handler.send_response(StreamingHttpResponse(wait(), content_type="text/event-stream"), send)

    async def wait():
        sent.append(len(threads.free))
        yield b""

    async def send(message):
        pass

    monkeypatch.setattr(threads, "free", [])
    monkeypatch.setattr(threads.Handler, "handle", respond)
    await threads.Handler()({"type": "http"}, None, send)
    assert sent == [1]


async def test_a_crowd_leaves_no_more_threads_than_are_kept(monkeypatch):
    monkeypatch.setattr(threads, "KEPT", 2)
    monkeypatch.setattr(threads, "free", [])
    await asyncio.gather(*[lend(0.05) for _ in range(6)])
    assert len(threads.free) == 2


async def test_only_these_threads_keep_their_connections():
    def age() -> int:
        return connections["default"].settings_dict["CONN_MAX_AGE"]

    async with threads.lent_thread() as thread:
        assert await asyncio.get_running_loop().run_in_executor(thread, age) == threads.CONNECTION_SECONDS
    assert age() == 0
