from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.authentication import member
from marketplace.accounts.models import User

from . import following
from .models import Follow, Listing, Wish


class WishSerializer(serializers.ModelSerializer[Wish]):
    listing = serializers.UUIDField(source="listing.public_id")
    title = serializers.CharField(source="listing.current.title", read_only=True)
    price = serializers.IntegerField(source="listing.current.price", read_only=True)
    currency = serializers.CharField(source="listing.current.currency", read_only=True)
    on_sale = serializers.SerializerMethodField()
    url = serializers.CharField(source="listing.address", read_only=True)

    class Meta:
        model = Wish
        fields = ["listing", "title", "price", "currency", "on_sale", "url", "created_at"]

    def get_on_sale(self, wish: Wish) -> bool:
        return wish.listing.state == Listing.State.PUBLISHED


class FollowSerializer(serializers.ModelSerializer[Follow]):
    seller = serializers.UUIDField(source="seller.public_id")
    name = serializers.CharField(source="seller.name", read_only=True)

    class Meta:
        model = Follow
        fields = ["seller", "name", "created_at"]


class WishList(ListAPIView[Wish]):
    required_scope = "buy"
    serializer_class = WishSerializer
    queryset = Wish.objects.none()

    def get_queryset(self) -> QuerySet[Wish]:
        return Wish.objects.filter(user=self.request.user.pk).select_related("listing__current")

    @extend_schema(request=WishSerializer, responses={201: WishSerializer})
    def post(self, request: Request) -> Response:
        """Put twice it is on the list once."""
        asked = WishSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        listing = following.wish(member(request), asked.validated_data["listing"]["public_id"], wanted=True)
        wish = self.get_queryset().filter(listing=listing).first()
        if wish is None:
            raise serializers.ValidationError({"listing": [following.not_wanted(member(request), listing)]})
        return Response(WishSerializer(wish).data, status=status.HTTP_201_CREATED)


class WishDetail(APIView):
    required_scope = "buy"

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        following.wish(member(request), public_id, wanted=False)
        return Response(status=status.HTTP_204_NO_CONTENT)


class FollowList(ListAPIView[Follow]):
    required_scope = "buy"
    serializer_class = FollowSerializer
    queryset = Follow.objects.none()

    def get_queryset(self) -> QuerySet[Follow]:
        return Follow.objects.filter(follower=self.request.user.pk).select_related("seller")

    @extend_schema(request=FollowSerializer, responses={201: FollowSerializer})
    def post(self, request: Request) -> Response:
        """Followed twice it is followed once."""
        asked = FollowSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        seller: User = following.follow(member(request), asked.validated_data["seller"]["public_id"], wanted=True)
        follow = self.get_queryset().get(seller=seller)
        return Response(FollowSerializer(follow).data, status=status.HTTP_201_CREATED)


class FollowDetail(APIView):
    required_scope = "buy"

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        following.follow(member(request), public_id, wanted=False)
        return Response(status=status.HTTP_204_NO_CONTENT)
