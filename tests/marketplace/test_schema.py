"""The API answers as its schema says, whatever it is asked: no failure, no status or type that is not declared.

Requests are drawn from the schema, within it and beside it, the same in each run, with tokens of each scope.
"""

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache as throttles
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.utils import translation
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ganerate.schema import Generator
from generation.models import SourceSet
from marketplace.accounts.models import ApiToken, User

from . import goods, world
from .proper import NOT_HERE, PROPER, STREAMS, Proper, Things

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 200 if os.environ.get("FULL") else 15
DRAWN = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def api(change: Callable[[dict[str, Any]], None] | None = None) -> Any:  # Any: JSON values; Schemathesis' own schema
    with translation.override("en"):
        drawn_up = json.loads(OpenApiJsonRenderer().render(Generator().get_schema(public=True)))
    if change:
        change(drawn_up)
    schema = schemathesis.openapi.from_dict(drawn_up)
    schema.app = get_wsgi_application()
    return schema


@cache
def operations() -> dict[str, Any]:
    return {result.ok().label: result.ok() for result in api().get_all_operations()}


ROOMS: dict[str, set[str]] = defaultdict(set)
for of in operations().values():
    ROOMS[of.path.split("/")[3]].add(of.label)


@pytest.fixture(autouse=True)
def one_connection():
    """A request of its own would put the test's transaction away with its connection, as Django's client knows too."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def things(alice, bob, charlie, mod):
    """One of each, by the name of a path's parameter or the part before it; by the name of a body's member."""
    values = world.made_for(alice, bob, charlie, mod).values
    values |= {"decision": values["decisions"], "licence": goods.licence().public_id}
    SourceSet.objects.update(usable_count=60, draft_fingerprint="f" * 64)
    return {name: value if isinstance(value, int) else str(value) for name, value in values.items()}


@pytest.fixture
def people(alice, bob, charlie, mod, django_user_model):
    """Everybody, with a token of all scopes, and nobody."""
    dora = django_user_model.objects.create_user("dora@example.com", "x", name="Dora")
    dora.accept_present_terms()
    return {person.name: token(person, *ApiToken.Scope.values) for person in (alice, bob, charlie, dora, mod)} | {
        "": ""
    }


def token(person: User, *scopes: str) -> str:
    return f"Token {ApiToken.issue(person, 'x', list(scopes))[1]}"


def test_every_route_of_the_api_is_in_the_schema():
    drawn = {re.sub(r"{\w+}", "{}", operation.path) for operation in operations().values()}
    written = {
        re.sub(r"<[^>]+>", "{}", f"/{route}")
        for name, (route, _view) in world.routes().items()
        if name.startswith("api-")
    }
    assert drawn == written - {"/api/v1/docs/"}


@pytest.mark.parametrize("room", ROOMS)
def test_everybody_who_asks_properly_gets_a_declared_answer(room, things, people, alice, bob, subtests):
    """And somebody what they asked for, so that the answers judged are not all refusals."""
    for label in ROOMS[room] - STREAMS:
        with subtests.test(label), transaction.atomic():
            proper = PROPER.get(label, Proper())
            asked = things | proper.made(alice, bob)
            got = {name: answer(asked_properly(label, proper, asked), caller) for name, caller in people.items()}
            assert {status for status in got.values() if 200 <= status < 300} or label in NOT_HERE, got
            transaction.set_rollback(True)


@pytest.mark.parametrize("room", ROOMS)
def test_every_answer_is_declared(room, things, people, alice, subtests):
    callers = [*people.values(), *[token(alice, scope) for scope in ApiToken.Scope.values], "Token gan_wrong"]
    for label in ROOMS[room]:
        with subtests.test(label):
            ask(label, things, callers)


def ask(label: str, things: Things, callers: list[str]) -> None:
    requests = st.one_of(*[operations()[label].as_strategy(mode) for mode in GenerationMode])

    @DRAWN
    @given(case=requests, caller=st.sampled_from(callers), real=st.sampled_from([True, True, False]))
    def asked(case: Case, caller: str, real: bool) -> None:
        if real and label not in STREAMS:
            name_real_things(case, things)
        answer(case, caller)

    asked()


def test_an_answer_that_is_not_declared_is_found(things, people):
    path = "/api/v1/jobs/{public_id}/"
    schema = api(lambda drawn: drawn["paths"][path]["get"]["responses"].pop("404"))
    case = schema[path]["GET"].Case(path_parameters={"public_id": things["jobs"]})
    assert answer(case, people["Alice"]) == 200
    with pytest.raises(FailureGroup, match="Undocumented status code"):
        answer(case, people["Bob"])


def answer(case: Case, caller: str) -> int:
    throttles.clear()
    with transaction.atomic():
        response = case.call(headers={"Authorization": caller} if caller else {})
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS)
    return int(response.status_code)


def asked_properly(label: str, proper: Proper, things: Things) -> Case:
    operation = operations()[label]
    body = NOT_SET if proper.body is None else proper.body
    if isinstance(body, dict):
        body = {
            name: things[value.strip("<>")] if str(value).startswith("<") else value for name, value in body.items()
        }
    media_type = {dict: "application/json", bytes: "application/octet-stream"}.get(type(body))
    names = re.findall(r"{(\w+)}", operation.path)
    case = operation.Case(path_parameters=dict.fromkeys(names), body=body, media_type=media_type)
    name_real_things(case, things)
    return case


def name_real_things(case: Case, things: Things) -> None:
    parts = case.path.split("/")
    before = dict(zip(parts[1:], parts, strict=False))
    for name in case.path_parameters or {}:
        case.path_parameters[name] = things[name if name in things else before[f"{{{name}}}"]]
    if isinstance(case.body, dict):
        plural = {name.replace("_", "-") + "s": name for name in case.body}
        case.body |= {plural[kind]: things[kind] for kind in plural.keys() & things.keys()}
