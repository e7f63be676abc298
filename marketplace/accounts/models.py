import hashlib
import secrets
import uuid
import zoneinfo
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(name)s” is not a time zone; write one like Asia/Seoul."), params={"name": name})


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. The e-mail address is the login; sellers, buyers and staff are the same kind of row."""

    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="ko")
    time_zone = models.CharField(_("time zone"), max_length=50, default="Asia/Seoul", validators=[validate_time_zone])
    terms_version = models.CharField(_("version of the terms"), max_length=20, blank=True)
    terms_accepted_at = models.DateTimeField(_("terms accepted at"), null=True, blank=True)
    privacy_version = models.CharField(_("version of the privacy notice"), max_length=20, blank=True)
    privacy_accepted_at = models.DateTimeField(_("privacy notice accepted at"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_account_per_email")]
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or self.email

    def has_perm(self, perm: str, obj: Any = None) -> bool:  # Any: as in the base class
        """A suspension binds superusers too, for whom Django asks no backend."""
        denied = any(backend.denies(self, perm) for backend in get_backends() if hasattr(backend, "denies"))
        return not denied and super().has_perm(perm, obj)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def accepts_present_terms(self) -> bool:
        present = (settings.TERMS_VERSION, settings.PRIVACY_VERSION)
        return (self.terms_version, self.privacy_version) == present

    def accept_present_terms(self) -> None:
        """What was accepted already keeps its moment."""
        if self.terms_version != settings.TERMS_VERSION:
            self.terms_version, self.terms_accepted_at = settings.TERMS_VERSION, timezone.now()
        if self.privacy_version != settings.PRIVACY_VERSION:
            self.privacy_version, self.privacy_accepted_at = settings.PRIVACY_VERSION, timezone.now()
        self.save(update_fields=["terms_version", "terms_accepted_at", "privacy_version", "privacy_accepted_at"])


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> "ApiTokenQuerySet":
        return self.filter(revoked_at__isnull=True, expires_at__gt=timezone.now(), user__is_active=True)


class ApiToken(models.Model):
    """A key for programs. Only its hash is stored: the text is shown once, when it is made."""

    class Scope(models.TextChoices):
        READ = "read", _("read your things")
        GENERATE = "generate", _("upload, train and generate")
        SELL = "sell", _("manage listings")
        BUY = "buy", _("buy and download")
        ACCOUNT = "account", _("change your profile and tokens")
        MODERATE = "moderate", _("moderate (staff)")

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens", verbose_name=_("user"))
    public_id = models.UUIDField(_("public ID"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("prefix"), max_length=12)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    scopes = models.JSONField(_("scopes"), default=list)
    expires_at = models.DateTimeField(_("expires at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=~Q(digest=""), name="token_has_digest")]
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(
        cls, user: User, name: str, scopes: list[str], expires_at: datetime | None = None
    ) -> tuple["ApiToken", str]:
        """Returns the row and the text of the token, which can't be had again."""
        text = "gan_" + secrets.token_urlsafe(32)
        token = cls.objects.create(
            user=user,
            name=name,
            prefix=text[:8],
            digest=cls.hash(text),
            scopes=scopes,
            expires_at=expires_at or timezone.now() + timedelta(days=90),
        )
        return token, text

    def touch(self) -> None:
        """Notes that the token was used, at most once a minute, so that reading stays reading."""
        now = timezone.now()
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - timedelta(minutes=1))
        if self.last_used_at is None or self.last_used_at < now - timedelta(minutes=1):
            ApiToken.objects.filter(stale, pk=self.pk).update(last_used_at=now)

    def revoke(self) -> bool:
        return bool(ApiToken.objects.filter(pk=self.pk, revoked_at__isnull=True).update(revoked_at=timezone.now()))

    @staticmethod
    def hash(text: str) -> str:
        # The text has 256 random bits, so a plain hash can't be guessed back.
        return hashlib.sha256(text.encode()).hexdigest()


class IdempotentRequest(models.Model):
    """The answer given to a creating call, so that a repeated call with the same key gets the same answer."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("user"))
    key = models.CharField(_("key"), max_length=200)
    # SHA-256 of method, path and body: the same key with another request is a conflict.
    request_sha256 = models.CharField(_("SHA-256 of the request"), max_length=64)
    status = models.PositiveSmallIntegerField(_("HTTP status"))
    answer = models.JSONField(_("answer"))
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_idempotency_key")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_keys_by_age")]
        verbose_name = _("idempotent request")
        verbose_name_plural = _("idempotent requests")

    def __str__(self) -> str:
        return self.key
