from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.utils import timezone

from .models import Suspension


class SuspensionBackend(BaseBackend):
    """Stands first among the backends: a suspended ability is refused before anyone may grant it."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        abilities = [ability for ability, perms in Suspension.PERMISSIONS.items() if perm in perms]
        if abilities and user_obj.is_authenticated and self.suspended(user_obj, abilities):
            raise PermissionDenied
        return False

    @staticmethod
    def suspended(user: Any, abilities: list[Suspension.Ability]) -> bool:
        in_force = user.suspensions.filter(until__gt=timezone.now(), lifted_at__isnull=True)
        return in_force.filter(ability__in=abilities).exists()
