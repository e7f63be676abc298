"""What staff change by Django's own admin forms goes into the audit trail with everything else."""

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry

from . import audit

ACTIONS = {ADDITION: "admin.added", CHANGE: "admin.changed", DELETION: "admin.deleted"}


def by_admin(sender: type[LogEntry], instance: LogEntry, created: bool, **kwargs: Any) -> None:
    """Django's signal about a row of its own. Which fields changed is kept, and not to what: it may be personal."""
    if created:
        kind = instance.content_type
        subject = f"{kind.app_label}.{kind.model}:{instance.object_id}" if kind else str(instance.object_id)
        message = instance.get_change_message()
        audit.note(instance.user, ACTIONS[instance.action_flag], subject, after={"changed": message})
