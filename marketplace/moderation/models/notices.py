import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import Listing

# Without the letters and digits that are taken for one another.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def receipt() -> str:
    """To be read out on the telephone: N-7K3M-2QXD."""
    drawn = "".join(secrets.choice(ALPHABET) for _number in range(8))
    return f"N-{drawn[:4]}-{drawn[4:]}"


class Notice(models.Model):
    """Somebody says that a listing should not be there. Several about the same are one case."""

    class Kind(models.TextChoices):
        COPYRIGHT = "copyright", _("It uses my work without my permission")
        PRIVACY = "privacy", _("It shows me, or my private life")
        MINORS = "minors", _("It shows or endangers minors")
        MISLEADING = "misleading", _("It is not what it says it is")
        OTHER = "other", _("Something else")

    URGENT = (Kind.MINORS, Kind.PRIVACY)

    class State(models.TextChoices):
        OPEN = "open", _("being looked at")
        UPHELD = "upheld", _("agreed with")
        DISMISSED = "dismissed", _("not agreed with")

    public_id = models.UUIDField(_("public number"), default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("receipt number"), max_length=12, default=receipt, unique=True, editable=False)
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="notices", verbose_name=_("listing"))
    kind = models.CharField(_("what it is about"), max_length=10, choices=Kind)
    # Nobody needs an account to be heard.
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notices",
        verbose_name=_("reported by"),
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    text = models.TextField(_("what is wrong"))
    # For copyright: what the law asks of a claim.
    work = models.TextField(_("the work it is about, and where it can be seen"), blank=True)
    good_faith = models.BooleanField(_("believes that the use is not permitted"), default=False)
    accurate = models.BooleanField(_("says that this is accurate and that they may act for the owner"), default=False)
    signature = models.CharField(_("signed by"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="ko")
    # The first that was open about the same listing for the same reason; this one ends as that one does.
    same_as = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged", verbose_name=_("same as")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    answer = models.TextField(_("answer, for who reported it"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    created_at = models.DateTimeField(_("received"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["created_at"], name="notices_to_look_at", condition=Q(state="open", same_as__isnull=True)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["listing", "kind"],
                condition=Q(state="open", same_as__isnull=True),
                name="one_open_case_per_listing_and_kind",
            ),
            models.CheckConstraint(
                condition=~Q(kind="copyright") | (Q(good_faith=True, accurate=True) & ~Q(work="") & ~Q(signature="")),
                name="copyright_notice_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(decided_at__isnull=False), name="decided_notice_has_time"
            ),
        ]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")

    def __str__(self) -> str:
        return f"{self.number} · {self.get_kind_display()}"

    def get_absolute_url(self) -> str:
        return reverse("notice", args=[self.public_id])


class Takedown(models.Model):
    """A listing stopped after a notice. The seller may answer; then it returns on a date unless a lawsuit is shown."""

    class State(models.TextChoices):
        STOPPED = "stopped", _("stopped; the seller may answer")
        COUNTERED = "countered", _("the seller answered; a date for its return is set")
        RESTORED = "restored", _("on sale again")
        LAWSUIT = "lawsuit", _("stays down: a lawsuit was shown")
        FINAL = "final", _("stays down: the seller did not answer in time")
        OVERRULED = "overruled", _("a person decided otherwise meanwhile")

    DOWN = (State.STOPPED, State.COUNTERED, State.LAWSUIT, State.FINAL)

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, related_name="takedown", verbose_name=_("notice"))
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="takedowns", verbose_name=_("listing"))
    # What took it off sale: as long as this is the last word of a person, the date may bring the listing back.
    decision = models.OneToOneField(
        "moderation.Decision", on_delete=models.PROTECT, related_name="takedown", verbose_name=_("decision")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.STOPPED)
    created_at = models.DateTimeField(_("stopped"), auto_now_add=True)
    answer_until = models.DateTimeField(_("the seller may answer until"))
    counter_notice = models.TextField(_("counter-notice"), blank=True)
    counter_signature = models.CharField(_("signed by"), max_length=120, blank=True)
    countered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    restore_at = models.DateTimeField(_("returns on"), null=True, blank=True)
    lawsuit = models.TextField(_("court and number of the lawsuit"), blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["restore_at"], name="takedowns_to_end", condition=Q(state="countered")),
            models.Index(fields=["answer_until"], name="takedowns_unanswered", condition=Q(state="stopped")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="countered") | Q(restore_at__isnull=False), name="countered_takedown_has_date"
            ),
            models.CheckConstraint(condition=~Q(state="lawsuit") | ~Q(lawsuit=""), name="lawsuit_is_named"),
        ]
        verbose_name = _("takedown")
        verbose_name_plural = _("takedowns")

    def __str__(self) -> str:
        return f"{self.notice.number} · {self.get_state_display()}"
