"""What is on the shelf, laid out for finding it. All of it can be made anew: `manage.py index_listings`."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .listings import CURRENCIES, Listing, Subject


class ShelfEntry(models.Model):
    """One published listing: what it is filtered and sorted by, and its words.

    The database keeps the full-text index of `words` by itself: PostgreSQL in a generated column, SQLite by triggers.
    """

    listing = models.OneToOneField(
        Listing, on_delete=models.CASCADE, related_name="shelf_entry", verbose_name=_("listing")
    )
    subject = models.CharField(_("subject"), max_length=10, choices=Subject)
    resolution = models.PositiveIntegerField(_("resolution"))
    count = models.PositiveIntegerField(_("number of images"))
    labelled = models.BooleanField(_("labelled"))
    licence = models.SlugField(_("licence"), max_length=40, db_index=False)
    currency = models.CharField(_("currency"), max_length=3, choices=CURRENCIES)
    quality = models.CharField(_("quality"), max_length=10)
    copies = models.CharField(_("copy check"), max_length=10)
    # Each order is from the largest down, so that one index serves both directions.
    published_at = models.DateTimeField(_("published"))
    cheapness = models.BigIntegerField(_("cheapness"))
    sales = models.PositiveIntegerField(_("sales"), default=0)
    rating = models.PositiveIntegerField(_("rating"), default=0)
    words = models.TextField(_("words to search"))

    class Meta:
        indexes = [
            models.Index(fields=["published_at", "id"], name="shelf_by_date"),
            models.Index(fields=["cheapness", "id"], name="shelf_by_price"),
            models.Index(fields=["sales", "id"], name="shelf_by_sales"),
            models.Index(fields=["rating", "id"], name="shelf_by_rating"),
        ]
        verbose_name = _("shelf entry")
        verbose_name_plural = _("shelf entries")

    def __str__(self) -> str:
        return str(self.listing_id)


class ShelfWord(models.Model):
    """A word that sellers use, for mending the words of searchers."""

    word = models.CharField(_("word"), max_length=40, unique=True)
    listings = models.PositiveIntegerField(_("listings"), default=1)

    class Meta:
        verbose_name = _("word on the shelf")
        verbose_name_plural = _("words on the shelf")

    def __str__(self) -> str:
        return self.word


class WordShape(models.Model):
    """A word with one letter left out, or none: words with a shape in common are a slip of the finger apart."""

    word = models.ForeignKey(ShelfWord, on_delete=models.CASCADE, related_name="shapes", verbose_name=_("word"))
    shape = models.CharField(_("shape"), max_length=120)

    class Meta:
        indexes = [models.Index(fields=["shape"], name="words_of_shape")]
        constraints = [models.UniqueConstraint(fields=["word", "shape"], name="a_shape_of_a_word_is_kept_once")]
        verbose_name = _("shape of a word")
        verbose_name_plural = _("shapes of words")

    def __str__(self) -> str:
        return self.shape
