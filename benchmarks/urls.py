from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ganerate.urls import urlpatterns as product


class NoOp(APIView):
    """Authenticates, reads the body, answers 201: what any creating call must do at least."""

    required_scope = "generate"

    def post(self, request: Request) -> Response:
        return Response({"received": len(request.data)}, status=201)


@require_safe
def nothing(request: HttpRequest) -> HttpResponse:
    """A page without content, behind every middleware."""
    return HttpResponse()


urlpatterns = [path("api/v1/no-op/", NoOp.as_view()), path("no-op/", nothing), *product]
