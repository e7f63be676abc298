from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """What staff did, or a date that they had set. Each row is hashed with the one before; triggers refuse a change."""

    number = models.PositiveBigIntegerField(_("number"), unique=True)
    at = models.DateTimeField(_("time"))
    # None where a date came that a person had set.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    action = models.CharField(_("what"), max_length=40)
    # Of what: kind and key of the row. No name of a person: this can't be erased.
    subject = models.CharField(_("of what"), max_length=120)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    why = models.TextField(_("why"), blank=True)
    previous = models.CharField(_("hash of the row before"), max_length=64, unique=True)
    digest = models.CharField(_("hash"), max_length=64, unique=True)

    class Meta:
        ordering = ["-number"]
        indexes = [models.Index(fields=["subject", "-number"], name="audit_of_subject")]
        verbose_name = _("entry of the audit trail")
        verbose_name_plural = _("audit trail")

    def __str__(self) -> str:
        return f"{self.number} · {self.action} · {self.subject}"


class AuditHead(models.Model):
    """One row: the end of the chain. Its lock puts concurrent writers in line."""

    number = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("end of the audit trail")
        verbose_name_plural = _("end of the audit trail")
