from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ModerationConfig(AppConfig):
    name = "marketplace.moderation"
    label = "moderation"
    verbose_name = _("Moderation")

    def ready(self) -> None:
        """What the apps below ask without knowing of this one."""
        from django.contrib.admin.models import LogEntry
        from django.contrib.auth.signals import user_logged_in
        from django.db.models.signals import post_save

        from generation import blocking
        from marketplace.purchases import stopped

        from . import blocks, entrance, logged, takedowns

        blocking.refusers.append(blocks.blocked)
        blocking.finders.append(blocks.in_set)
        stopped.askers.append(takedowns.why_not_delivered)
        user_logged_in.connect(entrance.refuse, dispatch_uid="moderation.entrance")
        post_save.connect(logged.by_admin, sender=LogEntry, dispatch_uid="moderation.logged")
