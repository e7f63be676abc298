from typing import Any

from marketplace.accounts.models import User

from .models import Decision, Suspension


def export_for(user: User) -> dict[str, Any]:  # Any: JSON values
    """Who decided is not the person's business; what and why is."""
    decisions = Decision.objects.filter(version__listing__seller=user)
    return {
        "decisions": list(decisions.values("version__title", "outcome", "reason_code", "reason", "created_at")),
        "suspensions": list(
            Suspension.objects.filter(user=user).values("ability", "reason", "created_at", "until", "lifted_at")
        ),
    }


def erase(user: User) -> None:
    """Decisions and suspensions are kept as they are: they name the person only by the row that accounts empties."""
