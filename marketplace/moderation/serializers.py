from rest_framework import serializers

from .models import Decision


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    version = serializers.IntegerField(source="version.number", read_only=True)
    moderator = serializers.CharField(source="moderator.name", read_only=True)

    class Meta:
        model = Decision
        fields = ["version", "outcome", "reason_code", "reason", "moderator", "created_at"]


class DecideSerializer(serializers.Serializer[Decision]):
    outcome = serializers.ChoiceField(choices=Decision.Outcome.choices)
    reason_code = serializers.ChoiceField(choices=Decision.ReasonCode.choices, allow_blank=True, default="")
    reason = serializers.CharField(allow_blank=True, default="")
