"""What the accounts app knows about a person, and how it forgets them. Rows stay; names do not."""

from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from .models import ApiToken, IdempotentRequest, User


def export_for(user: User) -> dict[str, Any]:  # Any: JSON values
    columns = [
        "email",
        "name",
        "language",
        "time_zone",
        "terms_version",
        "terms_accepted_at",
        "privacy_version",
        "privacy_accepted_at",
        "date_joined",
        "last_login",
    ]
    addresses = EmailAddress.objects.filter(user=user)
    tokens = ApiToken.objects.filter(user=user)
    return {
        "id": user.public_id,
        **{column: getattr(user, column) for column in columns},
        "addresses": list(addresses.values("email", "verified", "primary")),
        "tokens": list(
            tokens.values("name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
        ),
    }


def erase(user: User) -> None:
    """The row stays, because what was sold names it; nothing in it tells who it was."""
    ApiToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=timezone.now())
    ApiToken.objects.filter(user=user).update(name="")
    EmailAddress.objects.filter(user=user).delete()
    IdempotentRequest.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.email, user.name, user.is_active = f"erased-{user.public_id}@invalid", "", False
    user.is_staff = user.is_superuser = False
    user.last_login = user.terms_accepted_at = user.privacy_accepted_at = None
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
