import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .sources import SourceSet


class Generator(models.Model):
    """A trained model as a thing of its own: datasets come and go, its slots are never reused."""

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="generators", verbose_name=_("owner")
    )
    source_set = models.ForeignKey(
        SourceSet, on_delete=models.PROTECT, related_name="generators", verbose_name=_("source set")
    )
    source_fingerprint = models.CharField(_("fingerprint of the source set"), max_length=64)
    recipe = models.JSONField(_("recipe"))
    checkpoint_key = models.CharField(_("storage key of the checkpoint"), max_length=200)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    metrics = models.JSONField(_("metrics"), default=dict, blank=True)
    next_slot = models.BigIntegerField(_("next slot"), default=0)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="generators_of_owner")]
        constraints = [models.CheckConstraint(condition=Q(next_slot__gte=0), name="slots_count_up")]
        verbose_name = _("generator")
        verbose_name_plural = _("generators")

    def __str__(self) -> str:
        return f"{self.source_set.name} · {self.recipe.get('resolution')} px"

    def reserve_slots(self, count: int) -> int:
        """Takes `count` slots for good, in whole blocks so that shards stay aligned, and returns the first."""
        taken = -(-count // 64) * 64
        while True:
            self.refresh_from_db(fields=["next_slot"])
            first = self.next_slot
            if Generator.objects.filter(pk=self.pk, next_slot=first).update(next_slot=F("next_slot") + taken):
                self.next_slot = first + taken
                return first
