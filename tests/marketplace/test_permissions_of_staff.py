"""Who of staff gets what in Django admin: every page and every deed. The addresses come from the URL configuration."""

from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import resolve

from marketplace.accounts.models import User

from . import world
from .test_permissions import answer, table

pytestmark = pytest.mark.django_db

STAFF = ("plain", "moderator", "treasurer", "operator", "superuser")
ROUTES = {name: route for name, (route, _view) in world.routes().items() if route.startswith("admin/")}
# Of other people: django-rq's pages need Valkey. Who may open them is asked below.
QUEUES = {name for name in ROUTES if "django_rq" in name}
# What Django's admin answers for itself, alike for all of staff.
DJANGOS = {"admin:login", "admin:autocomplete", "admin:view_on_site", "admin:app_list"}
TABLE = table(Path(__file__).with_name("permissions_of_staff.txt"))


def methods(name: str) -> tuple[str, ...]:
    """A list, and what happened to a row, are read; what is read is posted nowhere."""
    return ("GET",) if name.endswith(("_changelist", "_history")) else ("GET", "POST")


NAMES = [name for name in ROUTES if name not in QUEUES | DJANGOS and "<path:" not in name and "(?P" not in name]
ROWS = [(name, method) for name in NAMES for method in methods(name)]
ROOMS = sorted({name.partition("_")[0] for name in NAMES})


@pytest.fixture
def staff(mod, django_user_model):
    people = {"superuser": mod}
    for who in STAFF[:-1]:
        people[who] = django_user_model.objects.create_user(f"{who}@example.com", "x", name=who, is_staff=True)
        people[who].accept_present_terms()
        people[who].groups.set(Group.objects.filter(name=f"{who.capitalize()}s"))
    assert [people[who].groups.count() for who in STAFF] == [0, 1, 1, 1, 0]
    return people


def status(user: User | AnonymousUser, method: str, address: str) -> str:
    """Of the view itself, before its page is drawn: drawing 1,500 pages would take a minute, and tells no more."""
    request = getattr(RequestFactory(), method.lower())(address)
    request.user, request.session, request._dont_enforce_csrf_checks = user, SessionStore(), True
    request._messages = CookieStorage(request)
    view, given, named = resolve(address)
    with transaction.atomic():
        try:
            response = view(request, *given, **named)
            code = "in" if "/login/" in response.get("Location", "") else response.status_code
        except (PermissionDenied, Http404) as refused:
            code = 403 if isinstance(refused, PermissionDenied) else 404
        transaction.set_rollback(True)
    return str(code)


@pytest.fixture
def address_of(alice, bob, charlie, mod):
    everything = world.made_for(alice, bob, charlie, mod)
    world.for_staff(alice, mod)
    listing = everything.values["listings"]

    def fill(name: str) -> str:
        _admin, app, model, *_rest = [*ROUTES[name].split("/"), "", ""]
        row = row_of(app, model) if "<int:pk>" in ROUTES[name] or "<path:" in ROUTES[name] else None
        named = everything.values["jobs"] if model == "generationjob" else listing
        return everything.address(name, object_id=row, pk=row, id=alice.pk, public_id=named)

    return fill


def row_of(app: str, model: str) -> object:
    """The latest: there has to be one of everything that has a page."""
    return apps.get_model(app, model)._default_manager.latest("pk").pk


@pytest.mark.parametrize("room", ROOMS)
def test_everybody_of_staff_gets_what_the_table_says(room, staff, address_of):
    rows = [row for row in ROWS if row[0].partition("_")[0] == room]
    found = {row: tuple(status(staff[who], row[1], address_of(row[0])) for who in STAFF) for row in rows}
    wrong = [f"{' '.join(row)} {' '.join(got)}" for row, got in found.items() if got != TABLE.get(row)]
    assert not wrong, "\n".join(wrong)


def test_every_row_is_of_a_route():
    assert set(TABLE) == set(ROWS)


def test_nobody_else_gets_in(alice, address_of):
    for name in NAMES:
        for person in (AnonymousUser(), alice):
            got = {status(person, method, address_of(name)) for method in ("GET", "POST")}
            assert got == {"in"} or name == "admin:logout", (name, person)


def test_tickets_are_for_whoever_sees_to_the_work(staff, alice, browser_of):
    """Which django-rq leaves open to all of staff; the site does not."""
    others = {"nobody": Client(), "owner": browser_of(alice)} | {who: browser_of(staff[who]) for who in STAFF[:3]}
    for name in QUEUES:
        address = f"/{ROUTES[name].partition('<')[0].partition('^')[0]}"
        got = [{answer((client,) * 2, method, address) for method in ("GET", "POST")} for client in others.values()]
        assert got == [{"in"}, {"in"}, {"403"}, {"403"}, {"403"}], name
