from typing import Any

from rest_framework import serializers

from .. import bucket
from ..models import SourceImage, Upload
from ..reasons import FLAGS, worded


class SourceSetRequest(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    declaration = serializers.DictField(child=serializers.BooleanField())


class SourceSetName(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)


class SelectionRequest(serializers.Serializer[Any]):
    which = serializers.ChoiceField(choices=["rejected", "flagged", "similar", *FLAGS])


class DeletedAnswer(serializers.Serializer[Any]):
    deleted = serializers.IntegerField()


class UploadRequest(serializers.Serializer[Any]):
    file_name = serializers.CharField(max_length=500)
    size = serializers.IntegerField(min_value=0)


class ImageCounts(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    accepted = serializers.IntegerField()
    fixed = serializers.IntegerField()
    rejected = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    similar = serializers.IntegerField()
    checking = serializers.BooleanField()


class SourceSetAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    sealed = serializers.BooleanField()
    images = ImageCounts()
    labels = serializers.DictField(child=serializers.IntegerField())
    reasons = serializers.DictField(child=serializers.IntegerField())
    flags = serializers.DictField(child=serializers.IntegerField())
    enlarged = serializers.DictField(child=serializers.IntegerField())
    enough = serializers.BooleanField()
    advice = serializers.CharField()
    cautions = serializers.ListField(child=serializers.CharField())
    stored_bytes = serializers.IntegerField()
    url = serializers.URLField()


class UploadAnswer(serializers.ModelSerializer[Upload]):
    id = serializers.UUIDField(source="public_id")
    direct = serializers.SerializerMethodField(
        help_text="Whether parts are sent straight to the store, by the addresses of `links/`."
    )

    def get_direct(self, upload: Upload) -> bool:
        return bucket.is_used()

    class Meta:
        model = Upload
        fields = [
            "id",
            "file_name",
            "size",
            "part_size",
            "part_count",
            "parts",
            "direct",
            "state",
            "reason",
            "images_found",
        ]


class LinksRequest(serializers.Serializer[Any]):
    numbers = serializers.ListField(child=serializers.IntegerField(min_value=1), min_length=1, max_length=100)


class PartLink(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    url = serializers.URLField(help_text="PUT the part's bytes here within the hour.")


class LinksAnswer(serializers.Serializer[Any]):
    links = PartLink(many=True)


class ReasonAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()


class SourceImageAnswer(serializers.ModelSerializer[SourceImage]):
    reasons = serializers.SerializerMethodField()
    flags = serializers.SerializerMethodField()
    duplicate_of = serializers.IntegerField(source="duplicate_of_id", allow_null=True)
    similar_to = serializers.IntegerField(source="alike_id", allow_null=True)

    class Meta:
        model = SourceImage
        fields = [
            "id",
            "file_name",
            "label",
            "verdict",
            "reasons",
            "flags",
            "width",
            "height",
            "duplicate_of",
            "similar_to",
        ]

    def get_reasons(self, image: SourceImage) -> list[dict[str, str]]:
        return worded(image.reasons)

    def get_flags(self, image: SourceImage) -> list[dict[str, str]]:
        return worded(image.flags)
