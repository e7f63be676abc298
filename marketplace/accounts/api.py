from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView, RetrieveUpdateAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from . import schema, tokens
from .authentication import member
from .models import ApiToken, User
from .serializers import MeSerializer, NewTokenSerializer, TokenCreateSerializer, TokenSerializer

__all__ = ["Me", "TokenDetail", "TokenList", "schema"]


class TokenList(ListAPIView[ApiToken]):
    required_scope = "account"
    throttle_scope = "tokens"
    serializer_class = TokenSerializer
    queryset = ApiToken.objects.none()

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.usable().filter(user=self.request.user.pk)

    @extend_schema(request=TokenCreateSerializer, responses={201: NewTokenSerializer})
    def post(self, request: Request) -> Response:
        asked = TokenCreateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data: dict[str, Any] = asked.validated_data
        maker = request.auth if isinstance(request.auth, ApiToken) else None
        try:
            token, text = tokens.issue(member(request), data["name"], data["scopes"], data["expires_in_days"], maker)
        except tokens.TokenNotIssued as refused:
            raise ValidationError({refused.field or "non_field_errors": [refused.message]}) from None
        answer = TokenSerializer(token).data | {"token": text}
        # The text is kept nowhere, so neither is this answer.
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class TokenDetail(APIView):
    required_scope = "account"

    @extend_schema(responses=TokenSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(TokenSerializer(self.own(request, public_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        self.own(request, public_id).revoke()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @staticmethod
    def own(request: Request, public_id: UUID) -> ApiToken:
        token = ApiToken.objects.filter(user=request.user.pk, public_id=public_id, revoked_at__isnull=True).first()
        if token is None:
            raise Http404
        return token


class Me(RetrieveUpdateAPIView[User]):
    required_scope = "account"
    serializer_class = MeSerializer
    http_method_names = ["get", "head", "options", "patch"]
    queryset = User.objects.all()

    def get_object(self) -> User:
        return member(self.request)
