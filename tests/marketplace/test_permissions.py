"""Every API route of the marketplace, and what each person gets from it."""

import pytest
from rest_framework.test import APIClient

import marketplace.accounts.urls
import marketplace.listings.urls
import marketplace.moderation.urls
import marketplace.purchases.urls
from marketplace.accounts.models import ApiToken

from . import goods

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")]

PEOPLE = ("nobody", "stranger", "buyer", "other_seller", "owner", "staff")
# Route name, method -> status for each of PEOPLE. The listing is Alice's, published and bought by Bob.
TABLE = {
    ("api-tokens", "get"): (401, 200, 200, 200, 200, 200),
    ("api-tokens", "post"): (401, 400, 400, 400, 400, 400),
    ("api-token", "get"): (401, 404, 404, 404, 200, 404),
    ("api-token", "delete"): (401, 404, 404, 404, 204, 404),
    ("api-me", "get"): (401, 200, 200, 200, 200, 200),
    ("api-me", "patch"): (401, 200, 200, 200, 200, 200),
    ("api-licences", "get"): (200, 200, 200, 200, 200, 200),
    ("api-listings", "get"): (200, 200, 200, 200, 200, 200),
    ("api-listings", "post"): (401, 400, 400, 400, 400, 400),
    ("api-listing", "get"): (200, 200, 200, 200, 200, 200),
    ("api-listing", "patch"): (401, 404, 404, 404, 200, 404),
    ("api-listing", "delete"): (401, 404, 404, 404, 409, 404),
    ("api-listing-submit", "post"): (401, 404, 404, 404, 400, 404),
    ("api-listing-withdraw", "post"): (401, 404, 404, 404, 202, 404),
    ("api-listing-sample", "get"): (200, 200, 200, 200, 200, 200),
    ("api-purchases", "get"): (401, 200, 200, 200, 200, 200),
    ("api-purchases", "post"): (401, 400, 400, 400, 400, 400),
    ("api-purchase", "get"): (401, 404, 200, 404, 404, 200),
    ("api-purchase-bundle", "get"): (401, 404, 200, 404, 404, 200),
    ("api-decisions", "get"): (401, 403, 403, 403, 403, 200),
    ("api-decisions", "post"): (401, 403, 403, 403, 403, 400),
}
# A draft is its seller's, and staff's to read.
DRAFT = {
    ("api-listing", "get"): (404, 404, 404, 404, 200, 200),
    ("api-listing-sample", "get"): (404, 404, 404, 404, 200, 200),
    ("api-listing", "patch"): (401, 404, 404, 404, 200, 404),
    ("api-listing-submit", "post"): (401, 404, 404, 404, 202, 404),
    ("api-decisions", "get"): (401, 403, 403, 403, 403, 200),
}
SCOPES = {"tokens": "account", "me": "account", "listings": "sell", "purchases": "buy"}


def routes() -> list[object]:
    rooms = (marketplace.accounts, marketplace.listings, marketplace.purchases, marketplace.moderation)
    return [pattern for room in rooms for pattern in room.urls.api_urlpatterns]


@pytest.fixture
def clients(api, alice, bob, charlie, mod, django_user_model):
    dora = django_user_model.objects.create_user("dora@example.com", "x", name="Dora")
    dora.accept_present_terms()
    goods.draft_of(dora)
    people = {"stranger": charlie, "buyer": bob, "other_seller": dora, "owner": alice, "staff": mod}
    return {"nobody": APIClient()} | {name: api(user) for name, user in people.items()}


def address(name: str, ids: dict[str, object]) -> str:
    route = next(str(pattern.pattern) for pattern in routes() if pattern.name == name)
    return "/api/v1/" + route.replace("<uuid:public_id>", str(ids.get(route.split("/")[0])))


def answers(clients, name, method, ids) -> tuple[int, ...]:
    return tuple(getattr(clients[one], method)(address(name, ids), {}).status_code for one in PEOPLE)


def test_no_route_is_missing_from_the_table():
    methods = {"get", "post", "patch", "put", "delete"}
    offered = {(route.name, method.lower()) for route in routes() for method in route.callback.cls().allowed_methods}
    assert {one for one in offered if one[1] in methods} == set(TABLE)


@pytest.mark.parametrize(("name", "method"), TABLE)
def test_table(name, method, clients, alice, purchase):
    token = ApiToken.objects.filter(user=alice).latest("pk")
    listing = purchase.version.listing.public_id
    other = ApiToken.issue(alice, "another", ["read"])[0] if method == "delete" else token
    ids = {"tokens": other.public_id, "listings": listing, "purchases": purchase.public_id}
    assert answers(clients, name, method, ids) == TABLE[name, method]


@pytest.mark.parametrize(("name", "method"), DRAFT)
def test_draft(name, method, clients, draft):
    assert answers(clients, name, method, {"listings": draft.public_id}) == DRAFT[name, method]


@pytest.mark.parametrize(("name", "method"), [one for one in TABLE if one[1] != "get"])
def test_a_token_without_the_scope_changes_nothing(name, method, api, alice, mod, purchase):
    ids = {"tokens": "0" * 32, "listings": purchase.version.listing.public_id, "purchases": purchase.public_id}
    ids["tokens"] = ApiToken.issue(alice, "other", ["read"])[0].public_id
    person = mod if name == "api-decisions" else alice
    response = getattr(api(person, ["read"]), method)(address(name, ids), {})
    assert response.status_code == 403
    assert "lacks the scope" in response.json()["detail"]


@pytest.mark.parametrize("name", ["api-tokens", "api-me", "api-purchases"])
def test_reading_needs_read_or_the_scope(name, api, alice):
    url = address(name, {})
    scope = SCOPES[url.split("/")[3]]
    assert api(alice, ["read"]).get(url).status_code == 200
    assert api(alice, [scope]).get(url).status_code == 200
    assert api(alice, ["generate"]).get(url).status_code == 403


@pytest.mark.parametrize("name", sorted({name for name, _method in TABLE}))
def test_a_wrong_method_is_refused_with_a_problem(name, clients, purchase):
    ids = dict.fromkeys(("tokens", "listings", "purchases"), purchase.public_id)
    # A put is no method of any route, so even who may change everything hears 405, not 403.
    response = clients["staff"].put(address(name, ids), {})
    assert response.status_code == 405
    assert response["Content-Type"] == "application/problem+json"
