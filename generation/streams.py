"""Server-sent events of a job: for `curl -N`, programs and browsers that can't hold a WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from . import access, events
from .consumers import PAGE, Message, number_in
from .models import GenerationJob

HEARTBEAT_SECONDS = 15.0


class EventStreamRenderer(BaseRenderer):
    """Lets a browser ask for text/event-stream; what it renders is an error."""

    media_type = "text/event-stream"
    format = "events"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return json.dumps(data, default=str).encode()


class JobEvents(APIView):
    required_scope = "read"
    renderer_classes = [JSONRenderer, EventStreamRenderer]

    @extend_schema(
        summary="Follow a job",
        description="Replays the events after a number, then sends each as it happens, and ends when the job does.",
        parameters=[OpenApiParameter("after", int, description="Number of the last event already seen.")],
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def get(self, request: Request, public_id: str) -> StreamingHttpResponse:
        job = access.job_for(request.user, public_id)
        after = number_in(request.headers.get("Last-Event-ID") or request.query_params.get("after"))
        response = StreamingHttpResponse(stream(job, after), content_type="text/event-stream")
        response["Cache-Control"] = "no-cache, no-transform"
        response["X-Accel-Buffering"] = "no"
        return response


async def stream(job: GenerationJob, last: int) -> AsyncIterator[bytes]:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(job.group, channel)
    try:
        now = await database_sync_to_async(events.snapshot)(job)
        yield as_text(now)
        follow = missed(job, last) if job.is_terminal else followed(job, last, layer, channel)
        async for event in follow:
            yield as_text(event) if event else b": still here\n\n"
            if event and event["kind"] in events.TERMINAL_KINDS:
                return
    finally:
        await layer.group_discard(job.group, channel)


async def followed(job: GenerationJob, last: int, layer: Any, channel: str) -> AsyncIterator[Message | None]:
    """Events in order, none twice and none left out; ticks between them; None when it has been quiet for a while."""
    message: Message | None = None
    while True:
        # A quiet spell or a hole in the numbers may mean that a push was lost: rows are the truth.
        if message is None or (message["number"] or 0) > last:
            async for event in missed(job, last):
                last = event["number"]
                yield event
        message = await received(layer, channel)
        if message is None or message["number"] is None:
            yield message


async def missed(job: GenerationJob, last: int) -> AsyncIterator[Message]:
    while page := await database_sync_to_async(events.replay)(job, last, PAGE):
        for event in page:
            yield event
        last = page[-1]["number"]


async def received(layer: Any, channel: str) -> Message | None:
    try:
        message: Message = (await asyncio.wait_for(layer.receive(channel), HEARTBEAT_SECONDS))["event"]
    except TimeoutError:
        return None
    return message


def as_text(event: Message) -> bytes:
    number = f"id: {event['number']}\n" if event["number"] is not None else ""
    return f"{number}data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
