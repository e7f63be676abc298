from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.db.models import Model

from .models import Suspension


class SuspensionBackend(BaseBackend):
    """Stands first among the backends: a suspended ability is refused before anyone may grant it."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        if self.denies(user_obj, perm):
            raise PermissionDenied
        return False

    def denies(self, user: Any, perm: str) -> bool:
        """Asked for superusers too, whom Django itself would let do anything: see User.has_perm."""
        abilities = [ability for ability, perms in Suspension.PERMISSIONS.items() if perm in perms]
        if not abilities or not user.is_authenticated:
            return False
        return user.suspensions.in_force().filter(ability__in=abilities).exists()
