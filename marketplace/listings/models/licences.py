import hashlib
import uuid

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Licence(models.Model):
    """What a buyer may do. A version is never edited; a new wording is a new version."""

    public_id = models.UUIDField(_("public number"), default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(_("code"), max_length=40)
    version = models.CharField(_("version"), max_length=20)
    title_en = models.CharField(_("English title"), max_length=120)
    title_ko = models.CharField(_("Korean title"), max_length=120)
    summary_en = models.TextField(_("English summary"))
    summary_ko = models.TextField(_("Korean summary"))
    text = models.TextField(_("text"))
    offered = models.BooleanField(_("offered"), default=True)

    class Meta:
        ordering = ["code", "-version"]
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="one_text_per_licence_version")]
        verbose_name = _("licence")
        verbose_name_plural = _("licences")

    def __str__(self) -> str:
        return f"{self.title} {self.version}"

    @property
    def title(self) -> str:
        return self.title_ko if get_language() == "ko" else self.title_en

    @property
    def summary(self) -> str:
        return self.summary_ko if get_language() == "ko" else self.summary_en

    @property
    def text_sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()
