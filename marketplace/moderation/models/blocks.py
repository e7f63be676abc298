from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from generation.models import SourceSet


class BlockedHash(models.Model):
    """A picture nobody may upload or train on, by the SHA-256 of its file or of its pixels. Only people make one."""

    digest = models.CharField(
        _("SHA-256 of the file or the pixels"),
        max_length=64,
        unique=True,
        validators=[RegexValidator("^[0-9a-f]{64}$", _("A SHA-256 has 64 digits from 0 to f."))],
    )
    reason = models.TextField(_("reason, for staff"))
    blocked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("blocked by")
    )
    created_at = models.DateTimeField(_("blocked"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="block_says_why")]
        verbose_name = _("blocked hash")
        verbose_name_plural = _("blocked hashes")

    def __str__(self) -> str:
        return self.digest


class Flag(models.Model):
    """Somebody sent a blocked picture: nothing was kept of it, but a person should look at who and what else."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("sent by")
    )
    # Its owner may delete the set; that they sent it stays known.
    source_set = models.ForeignKey(
        SourceSet,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="image_flags",
        verbose_name=_("source set"),
    )
    digest = models.CharField(_("SHA-256"), max_length=64)
    created_at = models.DateTimeField(_("sent"), auto_now_add=True)
    looked_at = models.DateTimeField(_("looked at"), null=True, blank=True)
    looked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("looked at by"),
    )
    note = models.TextField(_("note, for staff"), blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["created_at"], name="flags_to_look_at", condition=Q(looked_at__isnull=True))]
        constraints = [models.UniqueConstraint(fields=["source_set", "digest"], name="one_flag_per_set_and_picture")]
        verbose_name = _("flagged image")
        verbose_name_plural = _("flagged images")

    def __str__(self) -> str:
        return f"{self.digest[:12]} · {self.owner}"
