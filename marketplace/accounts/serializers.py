from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generation import quotas

from .models import ApiToken, User
from .tokens import DEFAULT_DAYS, MAX_DAYS


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at"]
        read_only_fields = fields


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(read_only=True, help_text=_("Shown this once."))

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
        read_only_fields = fields


class TokenCreateSerializer(serializers.Serializer[ApiToken]):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=ApiToken.Scope.choices))
    expires_in_days = serializers.IntegerField(min_value=1, max_value=MAX_DAYS, default=DEFAULT_DAYS)


class StorageSerializer(serializers.Serializer[quotas.Room]):
    """In bytes."""

    used = serializers.IntegerField()
    quota = serializers.IntegerField()
    source_images = serializers.IntegerField()
    uploads = serializers.IntegerField()
    datasets = serializers.IntegerField()


class MeSerializer(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    storage = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "name", "language", "time_zone", "is_staff", "date_joined", "storage"]
        read_only_fields = ["email", "is_staff", "date_joined"]

    @extend_schema_field(StorageSerializer)
    def get_storage(self, user: User) -> dict[str, int]:
        return dict(StorageSerializer(quotas.room_of(user.pk)).data)
