"""The query parameters of the list of listings."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from marketplace.accounts.authentication import member

from . import search
from .access import own_listings
from .asking import SORTS, Asked, priced
from .bands import COPIES, QUALITY
from .keyset import Place
from .models import CURRENCIES, Listing, Subject

# More than the database's integers hold is a mistake of the caller's.
MOST = 2**53
MOST_ROWS = 2**31 - 1


class SearchSerializer(serializers.Serializer[None]):
    q = serializers.CharField(required=False, allow_blank=True, help_text=_("Words, all of which must occur."))
    resolution = serializers.IntegerField(required=False, min_value=1, max_value=MOST_ROWS)
    licence = serializers.SlugField(required=False, help_text=_("Code of a licence."))
    count_min = serializers.IntegerField(required=False, min_value=1, max_value=MOST_ROWS)
    free = serializers.BooleanField(required=False, allow_null=True, default=None)
    price_min = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST, help_text=_("In the smallest unit of `currency`.")
    )
    price_max = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST, help_text=_("In the smallest unit of `currency`.")
    )
    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)
    labelled = serializers.BooleanField(required=False, allow_null=True, default=None)
    subject = serializers.ChoiceField(choices=Subject.choices, required=False)
    quality = serializers.ChoiceField(choices=list(QUALITY), required=False, help_text=_("Band of the quality report."))
    copies = serializers.ChoiceField(choices=list(COPIES), required=False, help_text=_("Band of the copy check."))
    sort = serializers.ChoiceField(choices=list(SORTS), required=False)
    mine = serializers.BooleanField(required=False, default=False, help_text=_("Your own, in every state."))

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Amounts of two currencies can't be compared."""
        for name in ("price_min", "price_max"):
            if name in asked and "currency" not in asked:
                raise serializers.ValidationError({name: _("A price needs a currency.")})
        return asked


class SearchFilter(BaseFilterBackend):
    """One's own, in every state. The shelf is paged by `ShelfPages`."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        return own_listings(member(request))

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        return ("-id",)

    @staticmethod
    def asked(request: Request) -> dict[str, Any]:
        serializer = SearchSerializer(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class ShelfPages(CursorPagination):
    """Cursors of the shelf name a row, so that no page costs more than the first."""

    shown: search.Page
    base_url: str
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate(self, request: Request, asked: Asked) -> list[Listing]:
        self.base_url = request.build_absolute_uri()
        place, back = self.begin(request.query_params.get(self.cursor_query_param, ""))
        found = search.find(asked)
        self.shown = search.page(found, self.get_page_size(request) or self.page_size, place, back=back)
        return self.shown.listings

    def begin(self, cursor: str) -> tuple[Place | None, bool]:
        direction, _point, written = cursor.partition(".")
        place = Place.read(written)
        if cursor and (place is None or direction not in ("after", "before")):
            raise NotFound(self.invalid_cursor_message)
        return place, direction == "before"

    def get_next_link(self) -> str | None:
        return self.link("after", self.shown.next)

    def get_previous_link(self) -> str | None:
        return self.link("before", self.shown.previous)

    def link(self, direction: str, place: Place | None) -> str | None:
        return replace_query_param(self.base_url, self.cursor_query_param, f"{direction}.{place}") if place else None


def as_asked(given: dict[str, Any]) -> Asked:
    """As the page reads it from its address."""
    chosen: dict[str, tuple[str, ...]] = {
        name: (str(given[name]),)
        for name in ("subject", "resolution", "count_min", "licence", "quality", "copies")
        if name in given
    }
    if given["labelled"] is not None:
        chosen["labelled"] = ("yes" if given["labelled"] else "no",)
    price = priced(given.get("currency", ""), given.get("price_min"), given.get("price_max"))
    price = ("free",) if given["free"] else price
    return Asked(given.get("q", ""), chosen | ({"currency": price} if price else {}), given.get("sort", ""))
