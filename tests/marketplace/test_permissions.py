"""Who gets what: every page and API route, every method, everybody. The addresses come from the URL configuration, so
that a route without a row fails, and so does a method without one that answers anything but "not allowed".
"""

import uuid
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from . import goods, world

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")]

PEOPLE = ("nobody", "stranger", "buyer", "seller", "owner", "staff")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
FILE = Path(__file__).with_name("permissions.txt")
ROUTES = {name: route for name, (route, _view) in world.routes().items() if not route.startswith("admin/")}
# Of a listing, also what its draft answers: it is its seller's, and staff's to read.
LISTINGS = {name for name, route in ROUTES.items() if "listings/<uuid:public_id>/" in route}
NAMES = [*ROUTES, *[f"{name}@draft" for name in LISTINGS]]
# Where an empty form says nothing about permissions.
FORMS = {
    "dataset-formats": {"kind": "tar"},
    "purchase-formats": {"kind": "tar"},
    "api-decisions": {"outcome": "reject"},
}
# What an address names by the id of a row.
BY_PUBLIC_ID = (
    "source-sets", "jobs", "generators", "datasets", "listings", "sellers", "library", "purchases", "sales", "payouts",
    "payments", "notices", "tokens", "follows", "wishes",
)  # fmt: skip
# To wish or follow no more what is not there is no mistake; and whoever is no staff does not hear whether it is.
NO_MISTAKE = ("api-wish", "api-follow", "api-decisions")
Answers = tuple[str, ...]


def table(file: Path) -> dict[tuple[str, str], Answers]:
    lines = [line.split() for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return {(name, method): tuple(answers) for name, method, *answers in lines}


TABLE = table(FILE)
CHANGES = [row for row in TABLE if row[0].startswith("api-") and row[1] != "GET" and "@" not in row[0]]


def room(name: str) -> str:
    kind = "api" if name.startswith("api-") else "page"
    parts = world.routes()[name.partition("@")[0]][1].callback.__module__.split(".")
    return f"{kind} {parts[1] if parts[0] == 'marketplace' else parts[0]}"


@pytest.fixture
def people(api, browser_of, alice, bob, charlie, mod, django_user_model):
    """A browser and a program for each."""
    dora = django_user_model.objects.create_user("dora@example.com", "x", name="Dora")
    dora.accept_present_terms()
    goods.draft_of(dora)
    users = {"stranger": charlie, "buyer": bob, "seller": dora, "owner": alice, "staff": mod}
    return {"nobody": (Client(), APIClient())} | {who: (browser_of(user), api(user)) for who, user in users.items()}


@pytest.fixture
def everything(alice, bob, charlie, mod):
    return world.made_for(alice, bob, charlie, mod)


@pytest.fixture
def address_of(everything, alice):
    draft = goods.draft_of(alice, goods.Dataset.objects.filter(owner=alice).first())

    def fill(name: str, **other: object) -> str:
        name, _at, which = name.partition("@")
        return everything.address(name, **({"listings": draft.public_id} if which else {}), **other)

    return fill


def answer(clients: tuple[Client, APIClient], method: str, address: str, form: dict[str, str] | None = None) -> str:
    """As if nobody had asked before; `in` where one is asked to sign in."""
    client = clients[address.startswith("/api/v1/")]
    cookies = client.cookies.copy()
    cache.clear()
    with transaction.atomic():
        response = getattr(client, method.lower())(address, form or {})
        transaction.set_rollback(True)
    client.cookies = cookies
    signs_in = response.status_code == 302 and "/login/" in response["Location"]
    return "in" if signs_in else str(response.status_code)


def answers(people, name: str, method: str, address: str) -> Answers:
    """Of everybody; of a method that is not in the table, of staff alone, who get past all other checks."""
    if (name, method) not in TABLE and (refused := answer(people["staff"], method, address)) == "405":
        return (refused,)
    form = FORMS.get(name) if method == "POST" else None
    return tuple(answer(people[who], method, address, form) for who in PEOPLE)


def test_every_row_is_of_a_route():
    assert not {name for name, _method in TABLE} - {*NAMES}


@pytest.mark.parametrize("of", sorted({room(name) for name in NAMES}))
def test_everybody_gets_what_the_table_says(of, people, address_of):
    asked = [(name, method) for name in NAMES if room(name) == of for method in METHODS]
    found = {row: answers(people, *row, address_of(row[0])) for row in asked}
    wrong = [f"{' '.join(row)} {' '.join(got)}" for row, got in found.items() if got != TABLE.get(row, ("405",))]
    assert not wrong, "\n".join(wrong)
    assert {name for name, _method in asked} == {name for name, _method in TABLE if room(name) == of}


def test_what_is_not_there_is_not_there_for_anybody(people, address_of):
    ids = dict.fromkeys(BY_PUBLIC_ID, uuid.uuid4())
    rows = [row for row in TABLE if "<uuid:public_id>" in ROUTES.get(row[0], "") and row[0] not in NO_MISTAKE]
    found = {
        row: {answer(people[who], row[1], address_of(row[0], **ids)) for who in ("owner", "staff")} for row in rows
    }
    assert len(rows) > 100
    assert {row: got for row, got in found.items() if not got <= {"404", "415"}} == {}


def test_a_token_without_the_scope_changes_nothing(api, alice, mod, address_of):
    may = {person: api(person, ["read"]) for person in (alice, mod)}
    for name, method in CHANGES:
        client = may[mod if name == "api-decisions" else alice]
        response = getattr(client, method.lower())(address_of(name), {})
        assert (response.status_code, "lacks the scope" in response.json()["detail"]) == (403, True), (name, method)


@pytest.mark.parametrize(
    ("name", "scope"), [("api-tokens", "account"), ("api-me", "account"), ("api-purchases", "buy")]
)
def test_reading_needs_read_or_the_scope(name, scope, api, alice, address_of):
    assert api(alice, ["read"]).get(address_of(name)).status_code == 200
    assert api(alice, [scope]).get(address_of(name)).status_code == 200
    assert api(alice, ["generate"]).get(address_of(name)).status_code == 403


def test_a_wrong_method_is_refused_with_a_problem(people, address_of):
    for name in [
        name for name in ROUTES if name.startswith("api-") and (name, "PUT") not in TABLE and name != "api-docs"
    ]:
        response = people["staff"][1].put(address_of(name), {})
        assert (response.status_code, response["Content-Type"]) == (405, "application/problem+json"), name
