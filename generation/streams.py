"""Server-sent events of a job: for `curl -N`, programs and browsers that can't hold a WebSocket."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from . import access, following
from .consumers import number_in
from .listeners import Listener
from .models import GenerationJob


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
        told = stream(job, after, listener_of(request))
        response = StreamingHttpResponse(told, content_type="text/event-stream")
        response["Cache-Control"] = "no-cache, no-transform"
        response["X-Accel-Buffering"] = "no"
        return response


def listener_of(request: Request) -> Listener:
    session = None if request.auth else request.session.session_key
    return Listener.of(request.user, session=session, token=request.auth)


async def stream(job: GenerationJob, last: int, listener: Listener) -> AsyncIterator[bytes]:
    with suppress(Http404):
        async with aclosing(following.follow_job(job, last, listener)) as told:
            async for message in told:
                yield message.frame
