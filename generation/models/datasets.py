import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .generators import Generator
from .jobs import GenerationJob


class Dataset(models.Model):
    """The immutable result of a job: images, manifest and quality report, named by one content hash."""

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="datasets", verbose_name=_("owner")
    )
    job = models.OneToOneField(
        GenerationJob, on_delete=models.PROTECT, related_name="dataset", verbose_name=_("generation job")
    )
    generator = models.ForeignKey(
        Generator, on_delete=models.PROTECT, related_name="datasets", verbose_name=_("generator")
    )
    name = models.CharField(_("name"), max_length=120)
    version = models.PositiveIntegerField(_("version"), default=1)
    count = models.PositiveIntegerField(_("number of images"))
    first_slot = models.BigIntegerField(_("first slot"))
    resolution = models.PositiveIntegerField(_("resolution"))
    channels = models.PositiveSmallIntegerField(_("colour channels"))
    labels = models.JSONField(_("labels"), default=list, blank=True)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    # SHA-256 over the manifest's and the report's hashes.
    content_hash = models.CharField(_("content hash"), max_length=64)
    report = models.JSONField(_("quality report"))
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="datasets_of_owner")]
        constraints = [models.CheckConstraint(condition=Q(count__gt=0), name="dataset_has_images")]
        verbose_name = _("dataset")
        verbose_name_plural = _("datasets")

    def __str__(self) -> str:
        return f"{self.name} · {self.count}"

    def get_absolute_url(self) -> str:
        return reverse("dataset", args=[self.public_id])


class DatasetFile(models.Model):
    class Kind(models.TextChoices):
        BUNDLE = "bundle", _("bundle")  # a zip part
        INDEX = "index", _("index")  # where in the parts each image lies
        MANIFEST = "manifest", _("manifest")
        REPORT = "report", _("quality report")
        CONTACT_SHEET = "contact_sheet", _("contact sheet")
        TAR = "tar", _("tar shard")  # WebDataset
        PARQUET = "parquet", _("Parquet file")
        MEASURES = "measures", _("measures")  # of each image, for curation
        COVER = "cover", _("cover")  # eight images in a row, for cards

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="files", verbose_name=_("dataset"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    number = models.PositiveIntegerField(_("number"), default=1)
    name = models.CharField(_("name"), max_length=200)
    key = models.CharField(_("key"), max_length=200)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    images = models.PositiveIntegerField(_("images"), default=0)
    # Of a bundle part: bytes before its tail (owner's statement and central directory). A sold bundle is this
    # prefix with another tail, so that publishing never rewrites an image.
    prefix = models.PositiveBigIntegerField(_("prefix"), default=0)

    class Meta:
        ordering = ["kind", "number"]
        constraints = [models.UniqueConstraint(fields=["dataset", "kind", "number"], name="one_file_per_part")]
        verbose_name = _("dataset file")
        verbose_name_plural = _("dataset files")

    def __str__(self) -> str:
        return self.name
