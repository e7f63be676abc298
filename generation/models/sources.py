"""What a seller uploaded: a set of images, each with a verdict, and the uploads that brought them."""

import hashlib
import uuid
from typing import Self

from django.conf import settings
from django.db import connection, models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SourceSet(models.Model):
    """One version of a seller's source images. A job seals it; additions then make a new version."""

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="source_sets", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=120)
    version = models.PositiveIntegerField(_("version"), default=1)
    previous = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="next", verbose_name=_("previous version")
    )
    sealed_at = models.DateTimeField(_("sealed at"), null=True, blank=True)
    # SHA-256 over the sorted pixel hashes and labels of the accepted images; set when the set is sealed.
    fingerprint = models.CharField(_("fingerprint"), max_length=64, blank=True)
    declaration_version = models.CharField(_("version of the declaration"), max_length=20, blank=True)
    declaration = models.JSONField(_("declaration of rights"), default=dict, blank=True)
    declared_at = models.DateTimeField(_("declared at"), null=True, blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    # What intake found, kept so that submitting a job costs the same for 50 images and for 10,000.
    usable_count = models.PositiveIntegerField(_("usable images"), default=0)
    label_counts = models.JSONField(_("images by label"), default=dict, blank=True)
    grey = models.BooleanField(_("grey"), default=False, help_text=_("Every usable image is grey."))
    transparent = models.BooleanField(
        _("transparent"), default=False, help_text=_("Some usable images can be seen through.")
    )
    draft_fingerprint = models.CharField(_("fingerprint so far"), max_length=64, blank=True)
    # Of the usable images; nothing may be trained on the set meanwhile.
    blocked_count = models.PositiveIntegerField(_("blocked images"), default=0)
    # Of the files in this version's own folder. A newer version shares those of the older one.
    stored_bytes = models.PositiveBigIntegerField(_("bytes stored"), default=0)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="source_sets_of_owner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed_at__isnull=True) | ~Q(fingerprint=""), name="sealed_source_set_has_fingerprint"
            )
        ]
        verbose_name = _("source set")
        verbose_name_plural = _("source sets")

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    def get_absolute_url(self) -> str:
        return reverse("source-set", args=[self.public_id])

    @property
    def folder(self) -> str:
        """Where its own files are stored; those it shares with an older version are in that one's folder."""
        return f"source-sets/{self.public_id}"

    @property
    def usable_images(self) -> "SourceImageQuerySet":
        return self.images.filter(verdict__in=SourceImage.USABLE)

    @property
    def declared(self) -> bool:
        return self.declared_at is not None

    def channels(self, transparency: str) -> int:
        """Of its images as they are trained on: grey, RGB, or RGBA where transparency is kept."""
        if self.transparent and transparency == "keep":
            return 4
        return 1 if self.grey else 3

    def declare(self, answers: dict[str, bool]) -> None:
        self.declaration, self.declaration_version = answers, settings.DECLARATION_VERSION
        self.declared_at = timezone.now()
        self.save(update_fields=["declaration", "declaration_version", "declared_at"])

    def compute_fingerprint(self) -> str:
        digest = hashlib.sha256()
        for pixels, label in self.usable_images.order_by("pixel_sha256", "label").values_list("pixel_sha256", "label"):
            digest.update(f"{pixels} {label}\n".encode())
        return digest.hexdigest()

    def seal(self) -> None:
        """Closes the set to additions. Safe to call twice."""
        fingerprint = self.draft_fingerprint or self.compute_fingerprint()
        open_set = SourceSet.objects.filter(pk=self.pk, sealed_at__isnull=True)
        open_set.update(fingerprint=fingerprint, sealed_at=timezone.now())
        self.refresh_from_db(fields=["fingerprint", "sealed_at"])


class Upload(models.Model):
    """One file on its way in, in parts, so that a lost connection costs one part at most."""

    class State(models.TextChoices):
        RECEIVING = "receiving", _("receiving")
        CHECKING = "checking", _("checking")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    source_set = models.ForeignKey(
        SourceSet, on_delete=models.CASCADE, related_name="uploads", verbose_name=_("source set")
    )
    file_name = models.CharField(_("file name"), max_length=255)
    size = models.BigIntegerField(_("size in bytes"))
    part_size = models.PositiveIntegerField(_("bytes in a part"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVING)
    # Numbers of the parts that are in, ascending.
    parts = models.JSONField(_("parts received"), default=list)
    images_found = models.PositiveIntegerField(_("images found"), default=0)
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    # When its newest part came in. One that nobody goes on with is removed some days after.
    touched_at = models.DateTimeField(_("last part at"), default=timezone.now)

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["state", "touched_at"], name="uploads_to_remove")]
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="upload_has_bytes")]
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")

    def __str__(self) -> str:
        return self.file_name

    @property
    def part_count(self) -> int:
        return -(-self.size // self.part_size)

    def part_length(self, number: int) -> int:
        return min(self.part_size, self.size - (number - 1) * self.part_size)

    @property
    def folder(self) -> str:
        return f"uploads/{self.public_id}"

    @property
    def key(self) -> str:
        """The whole file, in a store that joins the parts itself."""
        return f"{self.folder}/file"

    def part_key(self, number: int) -> str:
        return f"{self.folder}/{number:06d}"


class SourceImageQuerySet(models.QuerySet["SourceImage"]):
    def with_flag(self, flag: str) -> Self:
        """SQLite can't look into a JSON list; a slug between quotes is nowhere else in it."""
        if connection.vendor == "postgresql":
            return self.filter(flags__contains=[flag])
        return self.filter(flags__icontains=f'"{flag}"')


class SourceImage(models.Model):
    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        FIXED = "fixed", _("fixed")
        REJECTED = "rejected", _("rejected")

    USABLE = (Verdict.ACCEPTED, Verdict.FIXED)

    source_set = models.ForeignKey(
        SourceSet, on_delete=models.CASCADE, related_name="images", verbose_name=_("source set")
    )
    upload = models.ForeignKey(
        Upload, on_delete=models.CASCADE, related_name="images", null=True, verbose_name=_("upload")
    )
    # Position in the upload, so that an intake that runs twice writes each file once.
    number = models.PositiveIntegerField(_("number"))
    file_name = models.CharField(_("file name"), max_length=500)
    label = models.CharField(_("label"), max_length=100, blank=True)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    # Short slugs, worded for people by uploads.REASONS: why it was rejected, or what was fixed.
    reasons = models.JSONField(_("reasons"), default=list, blank=True)
    duplicate_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="duplicates",
        verbose_name=_("duplicate of"),
    )
    width = models.PositiveIntegerField(_("width"), default=0)
    height = models.PositiveIntegerField(_("height"), default=0)
    mode = models.CharField(_("colour mode"), max_length=10, blank=True)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    pixel_sha256 = models.CharField(_("SHA-256 of the pixels"), max_length=64, blank=True)
    key = models.CharField(_("key"), max_length=200, blank=True)
    stored_size = models.PositiveBigIntegerField(_("bytes stored"), default=0)
    # Short slugs, worded by reasons.FLAGS: what is worth a look although the image can be used.
    flags = models.JSONField(_("flags"), default=list, blank=True)
    # The picture in a few hundred bytes, to find others that show the same: see likeness.py.
    look = models.BinaryField(_("thumbnail signature"), default=b"", blank=True)
    # The image of its group that would be kept, where another shows nearly the same.
    alike = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="likes",
        verbose_name=_("nearly the same as"),
    )
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    objects = SourceImageQuerySet.as_manager()

    class Meta:
        ordering = ["upload", "number"]
        indexes = [
            models.Index(fields=["source_set", "verdict"], name="images_by_verdict"),
            models.Index(fields=["source_set", "pixel_sha256"], name="images_by_pixels"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["upload", "number"], name="one_row_per_file_of_upload"),
            models.CheckConstraint(
                condition=Q(verdict="rejected") | (~Q(key="") & ~Q(pixel_sha256="")), name="usable_image_has_bytes"
            ),
        ]
        verbose_name = _("source image")
        verbose_name_plural = _("source images")

    def __str__(self) -> str:
        return self.file_name
