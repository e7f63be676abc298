from typing import Any

from rest_framework import serializers

from ..models import SourceImage, Upload
from ..reasons import worded


class SourceSetRequest(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    declaration = serializers.DictField(child=serializers.BooleanField())


class UploadRequest(serializers.Serializer[Any]):
    file_name = serializers.CharField(max_length=500)
    size = serializers.IntegerField(min_value=0)


class ImageCounts(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    accepted = serializers.IntegerField()
    fixed = serializers.IntegerField()
    rejected = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    checking = serializers.BooleanField()


class SourceSetAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    sealed = serializers.BooleanField()
    images = ImageCounts()
    labels = serializers.DictField(child=serializers.IntegerField())
    enough = serializers.BooleanField()
    advice = serializers.CharField()
    url = serializers.URLField()


class UploadAnswer(serializers.ModelSerializer[Upload]):
    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Upload
        fields = [
            "id",
            "file_name",
            "size",
            "part_size",
            "part_count",
            "parts",
            "state",
            "reason",
            "images_found",
        ]


class ReasonAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()


class SourceImageAnswer(serializers.ModelSerializer[SourceImage]):
    reasons = serializers.SerializerMethodField()
    duplicate_of = serializers.IntegerField(source="duplicate_of_id", allow_null=True)

    class Meta:
        model = SourceImage
        fields = ["id", "file_name", "label", "verdict", "reasons", "width", "height", "duplicate_of"]

    def get_reasons(self, image: SourceImage) -> list[dict[str, str]]:
        return worded(image.reasons)
