import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from generation.models import Dataset, DatasetFile

from .licences import Licence

CURRENCIES = [("KRW", "KRW"), ("USD", "USD")]
# Digits after the point; an amount is stored as an integer of the smallest unit.
MINOR_DIGITS = {"KRW": 0, "USD": 2}
MAX_PRICE = {"KRW": 100_000_000, "USD": 10_000_000}
# Below this a price is either nothing or a mistake.
MIN_PRICE = {"KRW": 100, "USD": 50}


class ListingQuerySet(models.QuerySet["Listing"]):
    def published(self) -> "ListingQuerySet":
        return self.filter(state=Listing.State.PUBLISHED, current__isnull=False)


class Listing(models.Model):
    """A dataset offered for sale. What is shown and sold is its current version."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        IN_REVIEW = "in_review", _("in review")
        PUBLISHED = "published", _("published")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        SUSPENDED = "suspended", _("suspended")

    public_id = models.UUIDField(_("public number"), default=uuid.uuid4, unique=True, editable=False)
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="listings", verbose_name=_("seller")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    current = models.OneToOneField(
        "ListingVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="current_of",
        verbose_name=_("version on sale"),
    )
    # The sealed version that waits for a decision. A published listing stays on sale meanwhile.
    in_review = models.OneToOneField(
        "ListingVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="in_review_of",
        verbose_name=_("version in review"),
    )
    # Staff said yes to the version in review; it is on sale once its files are written.
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    # Kept up to date by purchases and reviews, for sorting and for cards. The rating is of those that are not hidden.
    sales_count = models.PositiveIntegerField(_("sales"), default=0)
    rating_count = models.PositiveIntegerField(_("ratings"), default=0)
    rating_sum = models.PositiveIntegerField(_("sum of ratings"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["state", "-published_at"], name="listings_to_browse"),
            models.Index(fields=["seller", "-created_at"], name="listings_of_seller"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="published") | Q(current__isnull=False, published_at__isnull=False),
                name="published_listing_has_version",
            ),
            models.CheckConstraint(
                condition=~Q(state="in_review") | Q(in_review__isnull=False), name="listing_in_review_has_version"
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | Q(in_review__isnull=False), name="approved_listing_has_version"
            ),
        ]
        verbose_name = _("listing")
        verbose_name_plural = _("listings")

    def __str__(self) -> str:
        return self.latest.title if self.latest else str(self.public_id)

    def get_absolute_url(self) -> str:
        return reverse("listing", args=[self.public_id])

    @property
    def address(self) -> str:
        """Where the listing is found from anywhere."""
        return settings.SITE_URL + self.get_absolute_url()

    @property
    def latest(self) -> "ListingVersion | None":
        return self.versions.order_by("-number").first()


class Subject(models.TextChoices):
    """What the images show: the coarsest facet."""

    FASHION = "fashion", _("clothing and accessories")
    PEOPLE = "people", _("people and faces")
    ANIMALS = "animals", _("animals")
    PLANTS = "plants", _("plants and flowers")
    FOOD = "food", _("food and drink")
    VEHICLES = "vehicles", _("vehicles")
    PLACES = "places", _("buildings and places")
    NATURE = "nature", _("landscapes and nature")
    OBJECTS = "objects", _("objects and products")
    ART = "art", _("art and illustration")
    SYMBOLS = "symbols", _("icons, symbols, handwriting")
    TEXTURES = "textures", _("textures and patterns")
    SCIENCE = "science", _("medicine and science")
    AERIAL = "aerial", _("maps and aerial pictures")
    OTHER = "other", _("something else")


class ListingVersion(models.Model):
    """What exactly is offered: dataset, licence text, price, words. Sealed when it is submitted for review."""

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="versions", verbose_name=_("listing"))
    number = models.PositiveIntegerField(_("version"), default=1)
    dataset = models.ForeignKey(
        Dataset, on_delete=models.PROTECT, related_name="listing_versions", verbose_name=_("dataset")
    )
    licence = models.ForeignKey(
        Licence, on_delete=models.PROTECT, related_name="listing_versions", verbose_name=_("licence")
    )
    licence_sha256 = models.CharField(_("SHA-256 of the licence"), max_length=64, blank=True)
    title = models.CharField(_("title"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    subject = models.CharField(_("subject"), max_length=10, choices=Subject, default=Subject.OTHER)
    # What is new against the version before, for those who bought that one.
    changes = models.TextField(_("what is new"), blank=True, default="")
    # Answers about recognisable people, minors, releases, work of others; and which questions they answer.
    declaration = models.JSONField(_("declaration of rights"), default=dict, blank=True)
    declaration_version = models.CharField(_("version of the declaration"), max_length=20, blank=True, default="")
    price = models.PositiveBigIntegerField(_("price"), validators=[MaxValueValidator(max(MAX_PRICE.values()))])
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES, default="KRW")
    # Published, so that anybody can draw the free sample again and find it in the sold files.
    sample_seed = models.BigIntegerField(_("seed of the sample"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    sealed_at = models.DateTimeField(_("submitted"), null=True, blank=True)

    class Meta:
        ordering = ["listing", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["listing", "number"], name="one_row_per_listing_version"),
            models.CheckConstraint(
                condition=Q(sealed_at__isnull=True) | ~Q(licence_sha256=""), name="sealed_version_froze_licence"
            ),
            models.CheckConstraint(condition=Q(currency__in=["KRW", "USD"]), name="price_in_known_currency"),
        ]
        verbose_name = _("listing version")
        verbose_name_plural = _("listing versions")

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class BundleTail(models.Model):
    """What publishing adds to one zip part of the dataset: card, Croissant, licence, checksums, central directory.

    The bundle that a buyer downloads is the part's prefix followed by this tail.
    """

    version = models.ForeignKey(
        ListingVersion, on_delete=models.PROTECT, related_name="tails", verbose_name=_("listing version")
    )
    part = models.ForeignKey(DatasetFile, on_delete=models.PROTECT, related_name="+", verbose_name=_("part"))
    key = models.CharField(_("file"), max_length=200)
    size = models.PositiveBigIntegerField(_("size"))
    # Of the whole bundle, prefix and tail.
    sha256 = models.CharField(_("SHA-256"), max_length=64)

    class Meta:
        ordering = ["part__number"]
        constraints = [models.UniqueConstraint(fields=["version", "part"], name="one_tail_per_part")]
        verbose_name = _("bundle tail")
        verbose_name_plural = _("bundle tails")

    def __str__(self) -> str:
        return self.part.name
