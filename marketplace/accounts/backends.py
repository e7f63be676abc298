from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Model

from .acceptance import TermsOutdated
from .models import User


class MemberBackend(BaseBackend):
    """Everyone with an active account may train, sell and buy; a suspension takes that away again."""

    PERMISSIONS = frozenset(
        {
            "generation.add_sourceset",
            "generation.add_generationjob",
            "listings.add_listing",
            "listings.change_listing",
            "purchases.add_purchase",
            "purchases.add_payout",
        }
    )

    # What somebody has earned is theirs under whichever terms.
    PAYOUT = "purchases.add_payout"

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Raises TermsOutdated where only the present terms stand between a person and what they want to do."""
        member = isinstance(user_obj, User) and user_obj.is_active and obj is None
        if member and perm == self.PAYOUT:
            return True
        allowed = member and perm in self.PERMISSIONS
        if allowed and not user_obj.accepts_present_terms:
            raise TermsOutdated
        return allowed
