from typing import Any

from django.utils.translation import get_language
from rest_framework import serializers

from .forms import ReportForm
from .models import Appeal, Decision, Notice


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    version = serializers.IntegerField(source="version.number", read_only=True)
    # Null where a date came that a person had set.
    moderator = serializers.CharField(source="moderator.name", read_only=True, allow_null=True)

    class Meta:
        model = Decision
        fields = [
            "id", "version", "outcome", "reason_code", "reason", "fix", "deadline", "can_be_appealed", "moderator",
            "created_at",
        ]  # fmt: skip
        read_only_fields = ["can_be_appealed"]


class DecideSerializer(serializers.Serializer[Decision]):
    outcome = serializers.ChoiceField(choices=Decision.Outcome.choices)
    reason_code = serializers.ChoiceField(choices=Decision.ReasonCode.choices, allow_blank=True, default="")
    reason = serializers.CharField(allow_blank=True, default="")
    fix = serializers.CharField(allow_blank=True, default="")
    deadline = serializers.DateField(allow_null=True, default=None)


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """What whoever reported it may know."""

    listing = serializers.UUIDField(source="listing.public_id", read_only=True)

    class Meta:
        model = Notice
        fields = ["public_id", "number", "listing", "kind", "text", "state", "answer", "created_at", "decided_at"]


class ReportSerializer(serializers.Serializer[Notice]):
    """As the page's form, which also says what a claim needs."""

    listing = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Notice.Kind.choices)
    text = serializers.CharField(max_length=4_000)
    work = serializers.CharField(max_length=2_000, allow_blank=True, default="")
    good_faith = serializers.BooleanField(default=False)
    accurate = serializers.BooleanField(default=False)
    signature = serializers.CharField(max_length=120, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:  # Any: as in the base class
        form = ReportForm(attrs, member=True)
        if not form.is_valid():
            raise serializers.ValidationError(
                {field: [str(text) for text in texts] for field, texts in form.errors.items()}
            )
        return form.cleaned_data | {"listing": attrs["listing"], "language": get_language() or "ko"}


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    class Meta:
        model = Appeal
        fields = ["id", "decision", "suspension", "text", "state", "answer", "created_at", "decided_at"]


class AskSerializer(serializers.Serializer[Appeal]):
    decision = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    text = serializers.CharField(max_length=4_000)
