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

# More than the database's integers hold is a mistake of the caller's.
MOST = 2**53


class SearchSerializer(serializers.Serializer[None]):
    q = serializers.CharField(required=False, allow_blank=True, help_text=_("Words, all of which must occur."))
    resolution = serializers.IntegerField(required=False, min_value=1, max_value=MOST)
    licence = serializers.SlugField(required=False, help_text=_("Code of a licence."))
    count_min = serializers.IntegerField(required=False, min_value=1, max_value=MOST)
    free = serializers.BooleanField(required=False, allow_null=True, default=None)
    price_min = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST, help_text=_("In the smallest unit of `currency`.")
    )
    price_max = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST, help_text=_("In the smallest unit of `currency`.")
    )
    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)
    labelled = serializers.BooleanField(required=False, allow_null=True, default=None)
    sort = serializers.ChoiceField(choices=list(SORTS), required=False)
    mine = serializers.BooleanField(required=False, default=False, help_text=_("Your own, in every state."))

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Amounts of two currencies can't be compared."""
        for name in ("price_min", "price_max"):
            if name in asked and "currency" not in asked:
                raise serializers.ValidationError({name: _("A price needs a currency.")})
        return asked


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
