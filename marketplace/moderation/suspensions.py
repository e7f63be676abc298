"""Taking an ability from a person, and giving it back."""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketplace.accounts import background
from marketplace.accounts.models import User

from . import audit, telling
from .models import Suspension

Ability = Suspension.Ability


class SuspensionRefused(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def impose(user: User, ability: str, *, reason: str, until: datetime, by: User) -> Suspension:
    check(user, ability, reason, until, by)
    with transaction.atomic():
        row = Suspension.objects.create(user=user, ability=ability, reason=reason.strip(), until=until, imposed_by=by)
        audit.note(by, "suspension.imposed", row, after={"of": user.pk, **facts(row)}, why=row.reason)
        if ability == Ability.SIGN_IN:
            user.api_tokens.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
            transaction.on_commit(lambda: end_sessions(user))
        else:
            with translation.override(user.language):
                taken = str(row.get_ability_display())
            telling.note(user, "suspension", taken, "suspensions", until=until.isoformat())
        background.later(telling.of_suspension, row.pk, otherwise=telling.of_suspension)
    return row


def check(user: User, ability: str, reason: str, until: datetime, by: User) -> None:
    if ability not in Ability.values:
        raise SuspensionRefused("ability", _("Choose one of the abilities."))
    if user.pk == by.pk:
        raise SuspensionRefused("user", _("Nobody suspends themselves."))
    if not reason.strip():
        raise SuspensionRefused("reason", _("Tell the person why."))
    if until <= timezone.now():
        raise SuspensionRefused("until", _("A suspension ends in the future."))


def lift(row: Suspension, *, by: User | None, why: str = "") -> bool:
    with transaction.atomic():
        lifted = Suspension.objects.in_force().filter(pk=row.pk).update(lifted_at=timezone.now())
        if lifted:
            audit.note(by, "suspension.lifted", row, before=facts(row), why=why)
            telling.note(row.user, "lifted", row.get_ability_display(), "suspensions")
            background.later(telling.of_suspension, row.pk, otherwise=telling.of_suspension)
    row.refresh_from_db()
    return bool(lifted)


def facts(row: Suspension) -> dict[str, object]:
    return {"ability": str(row.ability), "until": row.until.isoformat()}


def may_not_sign_in(user: User) -> Suspension | None:
    return user.suspensions.in_force().filter(ability=Ability.SIGN_IN).order_by("-until").first()


def end_sessions(user: User) -> int:
    """A session names its person only inside, so all that live are opened; this is done once for a suspension."""
    live = Session.objects.filter(expire_date__gt=timezone.now()).iterator(chunk_size=1000)
    theirs = [row.pk for row in live if row.get_decoded().get("_auth_user_id") == str(user.pk)]
    return Session.objects.filter(pk__in=theirs).delete()[0]
