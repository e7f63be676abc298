from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generation.models import Dataset
from generation.readings import without_sources
from marketplace.accounts.models import User

from . import declarations
from .models import CURRENCIES, Licence, Listing, ListingVersion, Subject


class LicenceSerializer(serializers.ModelSerializer[Licence]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    title = serializers.CharField(read_only=True)
    summary = serializers.CharField(read_only=True)
    sha256 = serializers.CharField(source="text_sha256", read_only=True)

    class Meta:
        model = Licence
        fields = ["id", "code", "version", "title", "summary", "text", "sha256"]


class LicenceNameSerializer(LicenceSerializer):
    class Meta(LicenceSerializer.Meta):
        fields = ["id", "code", "version", "title", "summary"]


class SellerSerializer(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(source="public_id", read_only=True)

    class Meta:
        model = User
        fields = ["id", "name"]


class OfferedDatasetSerializer(serializers.ModelSerializer[Dataset]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    report = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = ["id", "count", "resolution", "channels", "labels", "size", "content_hash", "report"]

    def get_report(self, dataset: Dataset) -> dict[str, Any]:  # Any: JSON values
        return without_sources(dataset.report)


def answer_to(question: declarations.Question) -> serializers.ChoiceField:
    choices = [(answer.code, answer.text) for answer in question.answers]
    return serializers.ChoiceField(choices=choices, required=False, help_text=question.text)


class DeclarationSerializer(serializers.Serializer[dict[str, str]]):
    """What the seller declares about the rights in a version. A draft may leave questions open."""

    people = answer_to(declarations.PEOPLE)
    minors = answer_to(declarations.MINORS)
    third_party = answer_to(declarations.THIRD_PARTY)
    releases = answer_to(declarations.RELEASES)


class ListingSerializer(serializers.ModelSerializer[ListingVersion]):
    """A listing as one version of it shows it; the instance is the version."""

    id = serializers.UUIDField(source="listing.public_id", read_only=True)
    state = serializers.ChoiceField(choices=Listing.State.choices, source="listing.state", read_only=True)
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    subject = serializers.ChoiceField(choices=Subject.choices, read_only=True)
    declaration = DeclarationSerializer(read_only=True)
    declaration_version = serializers.CharField(read_only=True, help_text=_("Of the questions; empty if unanswered."))
    licence = LicenceNameSerializer(read_only=True)
    dataset = OfferedDatasetSerializer(read_only=True)
    seller = SellerSerializer(source="listing.seller", read_only=True)
    version = serializers.IntegerField(source="number", read_only=True)
    version_on_sale = serializers.SerializerMethodField()
    version_in_review = serializers.SerializerMethodField()
    published_at = serializers.DateTimeField(source="listing.published_at", read_only=True, allow_null=True)
    url = serializers.CharField(source="listing.address", read_only=True)

    class Meta:
        model = ListingVersion
        fields = [
            "id", "state", "title", "description", "tags", "subject", "changes", "declaration", "declaration_version",
            "licence", "price", "currency", "dataset", "seller",
            "sample_seed", "version", "version_on_sale", "version_in_review", "updated_at", "sealed_at", "published_at",
            "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_version_on_sale(self, version: ListingVersion) -> int | None:
        return version.listing.current.number if version.listing.current else None

    def get_version_in_review(self, version: ListingVersion) -> int | None:
        return version.listing.in_review.number if version.listing.in_review else None


@extend_schema_field({"type": "string", "format": "uuid"})
class LicenceField(serializers.SlugRelatedField[Licence]):
    default_error_messages = dict.fromkeys(("does_not_exist", "invalid"), _("There is no such licence."))

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="public_id", queryset=Licence.objects.filter(offered=True), **options)


class ListingEditSerializer(serializers.Serializer[ListingVersion]):
    """What a seller may write; lengths, tags and prices are judged by `rules`."""

    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True, required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    subject = serializers.ChoiceField(choices=Subject.choices, required=False)
    declaration = DeclarationSerializer(required=False, help_text=_("Replaces the answers given before."))
    licence = LicenceField()
    price = serializers.IntegerField(
        min_value=0, help_text=_("In the smallest unit, won or US cents, with VAT. 0 gives it away.")
    )
    currency = serializers.ChoiceField(choices=CURRENCIES, required=False)
    changes = serializers.CharField(
        allow_blank=True, required=False, help_text=_("What is new, for whoever bought the version before.")
    )
    dataset = serializers.UUIDField(required=False, help_text=_("Another one of yours: a version with other images."))
    updated_at = serializers.DateTimeField(
        required=False, help_text=_("As you last read it. If somebody changed the listing since, this is refused.")
    )


class ListingCreateSerializer(ListingEditSerializer):
    updated_at = changes = None  # type: ignore[assignment]  # how DRF takes an inherited field away
    dataset = serializers.UUIDField()
