"""An ASGI application for test_server: counts bodies, streams megabytes, echoes over WebSocket or floods it."""

import asyncio

OPEN = 0


async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await echo(receive, send)
    elif scope["path"].startswith("/stream/"):
        await while_wanted(stream(send, int(scope["path"].removeprefix("/stream/"))), receive)
    elif scope["path"] == "/broken":
        await broken(send)
    else:
        await answer(send, str(OPEN if scope["path"] == "/open" else await length(receive)).encode())


async def broken(send):
    headers = [(b"Content-Length", b"1000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise EOFError("the file ends early")


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    message = await receive()
    if message["text"] == "flood":
        return await until_it_leaves(flood(send), receive)
    await send({"type": "websocket.send", "text": message["text"]})
    await receive()


async def flood(send):
    while True:
        await send({"type": "websocket.send", "text": "x" * 262144})


async def length(receive):
    total, more = 0, True
    while more:
        message = await receive()
        total += len(message.get("body", b""))
        more = message.get("more_body", False)
    return total


async def answer(send, body):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def while_wanted(streaming, receive):
    """As Django does it: the client's leaving cancels the task that writes to it."""
    await receive()
    await until_it_leaves(streaming, receive)


async def until_it_leaves(streaming, receive):
    writing, leaving = asyncio.ensure_future(streaming), asyncio.ensure_future(receive())
    await asyncio.wait([writing, leaving], return_when=asyncio.FIRST_COMPLETED)
    for task in (writing, leaving):
        task.cancel()
    await asyncio.gather(writing, leaving, return_exceptions=True)


async def stream(send, megabytes):
    global OPEN
    OPEN += 1
    try:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(megabytes):
            for _ in range(4):
                await send({"type": "http.response.body", "body": bytes([number % 256]) * 262144, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        OPEN -= 1
