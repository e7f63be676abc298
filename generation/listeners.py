"""Who listens, and whether they still may: asked for all of them together, at each heartbeat."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone

from . import access


@dataclass(frozen=True)
class Listener:
    """A person, and what they showed at the door: their password's hash, and a session or a token."""

    user_id: int
    auth_hash: str
    session: str | None = None
    token: Any = None  # Any: a row of a model that this app does not know

    @classmethod
    def of(cls, user: Any, *, session: str | None = None, token: Any = None) -> "Listener":
        return cls(user.pk, user.get_session_auth_hash(), session, token)


Seat = tuple[Listener, int]  # and whose job it is that they follow


def still_welcome(seats: Collection[Seat]) -> set[Seat]:
    """Three queries at most, however many listen."""
    listeners = {listener for listener, _owner_id in seats}
    people = get_user_model()._default_manager.in_bulk({listener.user_id for listener in listeners})
    passes = open_sessions(listeners) | usable_tokens(listeners)

    def may(listener: Listener, owner_id: int) -> bool:
        person = people.get(listener.user_id)
        return (
            person is not None
            and access.may_read(person, owner_id)
            and person.get_session_auth_hash() == listener.auth_hash
            and {listener.session, listener.token} <= passes
        )

    return {seat for seat in seats if may(*seat)}


def open_sessions(listeners: Collection[Listener]) -> set[Any]:
    keys = {listener.session for listener in listeners} - {None}
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return {None, *rows.values_list("session_key", flat=True)} if keys else {None}


def usable_tokens(listeners: Collection[Listener]) -> set[Any]:
    tokens = {listener.token for listener in listeners} - {None}
    kinds = {type(token) for token in tokens}
    return {row for kind in kinds for row in kind.objects.usable().filter(pk__in={token.pk for token in tokens})}
