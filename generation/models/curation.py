"""What the owner of a dataset keeps and rejects, and what a refined dataset was made from."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .datasets import Dataset
from .jobs import GenerationJob


class Curation(models.Model):
    """A draft: which images of a dataset are rejected so far, one bit for each (see bitmaps.py)."""

    dataset = models.OneToOneField(
        Dataset, on_delete=models.CASCADE, related_name="curation", verbose_name=_("dataset")
    )
    rejected = models.BinaryField(_("rejected images"), default=b"")
    count = models.PositiveIntegerField(_("number of rejected images"), default=0)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("curation")
        verbose_name_plural = _("curations")

    def __str__(self) -> str:
        return f"{self.dataset} · {self.count}"


class CurationStep(models.Model):
    """One choice, so that it can be undone: the bits that it changed."""

    curation = models.ForeignKey(Curation, on_delete=models.CASCADE, related_name="steps", verbose_name=_("curation"))
    changed = models.BinaryField(_("changed images"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("step of a curation")
        verbose_name_plural = _("steps of a curation")

    def __str__(self) -> str:
        return f"{self.curation_id} · {self.pk}"


class Refinement(models.Model):
    """What a refining job starts from: a dataset, and which of its images are replaced by new ones in their places."""

    job = models.OneToOneField(
        GenerationJob, on_delete=models.CASCADE, related_name="refinement", verbose_name=_("generation job")
    )
    # The job that made the first dataset of this line. Datasets of one line may share images, and no others.
    root = models.ForeignKey(
        GenerationJob, on_delete=models.PROTECT, related_name="refinements", verbose_name=_("first job of the line")
    )
    dataset = models.ForeignKey(
        Dataset,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="refinements",
        verbose_name=_("dataset refined"),
    )
    content_hash = models.CharField(_("content hash of the dataset refined"), max_length=64)
    # Its quality report, for the comparison, which outlives it.
    before = models.JSONField(_("quality report before"), default=dict)
    rejected = models.BinaryField(_("rejected images"))
    count = models.PositiveIntegerField(_("number of rejected images"))

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(count__gt=0), name="refinement_replaces_something")]
        verbose_name = _("refinement")
        verbose_name_plural = _("refinements")

    def __str__(self) -> str:
        return f"{self.job} · {self.count}"
