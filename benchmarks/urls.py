from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ganerate.urls import urlpatterns as product


class NoOp(APIView):
    """Authenticates, reads the body, answers 201: what any creating call must do at least."""

    required_scope = "generate"

    def post(self, request: Request) -> Response:
        return Response({"received": len(request.data)}, status=201)


urlpatterns = [path("api/v1/no-op/", NoOp.as_view()), *product]
