"""The query parameters of the list of listings."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from .access import own_listings
from .models import CURRENCIES
from .search import SORTS, search


class SearchSerializer(serializers.Serializer[None]):
    q = serializers.CharField(required=False, allow_blank=True, help_text=_("Words, all of which must occur."))
    resolution = serializers.IntegerField(required=False, min_value=1)
    licence = serializers.SlugField(required=False, help_text=_("Code of a licence."))
    price_max = serializers.IntegerField(required=False, min_value=0)
    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)
    labelled = serializers.BooleanField(required=False, allow_null=True, default=None)
    sort = serializers.ChoiceField(choices=list(SORTS), required=False)
    mine = serializers.BooleanField(required=False, default=False, help_text=_("Your own, in every state."))


class SearchFilter(BaseFilterBackend):
    """Also says the order, so that cursor pages follow it."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        asked = self.asked(request)
        if asked.pop("mine") and request.user.is_authenticated:
            return own_listings(request.user)
        return search(asked.pop("q", ""), **asked)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        asked = self.asked(request)
        return ("-id",) if asked["mine"] else SORTS[asked.get("sort", "new")]

    @staticmethod
    def asked(request: Request) -> dict[str, Any]:
        serializer = SearchSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
