"""/metrics: the work, and how this web process answers, in the text that Prometheus reads.

For whoever sends METRICS_TOKEN, and for staff who may see the work. The address of the caller opens nothing: behind a
proxy everybody comes from 127.0.0.1.
"""

import time
from collections.abc import Callable
from secrets import compare_digest

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client import Counter as Total
from prometheus_client.exposition import choose_encoder

from generation.access import may_see_work
from generation.prometheus import Work

disable_created_metrics()

PATH = "/metrics"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REGISTRY = CollectorRegistry()
REQUESTS = Total("ganerate_requests", "Requests answered.", ["method", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "ganerate_request_seconds",
    "Until the answer began.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
# There from the first scrape on: a rate needs a zero to rise from.
for _method in ("GET", "POST"):
    for _status in ("2xx", "3xx", "4xx", "5xx"):
        REQUESTS.labels(_method, _status)
ProcessCollector(registry=REGISTRY)
REGISTRY.register(Work())


class Counted:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        SECONDS.observe(time.perf_counter() - started)
        method = (request.method or "") if request.method in METHODS else "other"
        REQUESTS.labels(method, f"{response.status_code // 100}xx").inc()
        return response


def metrics(request: HttpRequest) -> HttpResponse:
    """For staff in a browser."""
    if not may_see_work(request.user):
        raise Http404
    return exposition(request)


def by_token(request: HttpRequest) -> HttpResponse | None:
    """The answer to a program; None where the request has no token, or none is wanted."""
    sent = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not sent.startswith("Bearer "):
        return None
    if compare_digest(sent.removeprefix("Bearer ").strip().encode(), settings.METRICS_TOKEN.encode()):
        return exposition(request)
    text = "This is not the METRICS_TOKEN of this site.\n"
    return HttpResponse(text, status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})


@require_safe
def exposition(request: HttpRequest) -> HttpResponse:
    encode, kind = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(REGISTRY), content_type=kind, headers={"Cache-Control": "no-store"})
