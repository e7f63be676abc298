"""What every API answer has in common."""

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from . import goods

pytestmark = pytest.mark.django_db
LISTINGS = "/api/v1/listings/"


def members(response) -> dict:
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert problem["status"] == response.status_code
    return problem


def test_bad_input(api, alice):
    problem = members(api(alice).post(LISTINGS, {}))
    assert (problem["type"], problem["status"], problem["code"]) == ("/problems/invalid", 400, "invalid")
    assert problem["errors"]["title"] == ["This field is required."]
    assert "title: This field is required." in problem["detail"]


def test_errors_inside_lists_keep_their_place(api, alice):
    problem = members(api(alice).post("/api/v1/tokens/", {"name": "x", "scopes": ["read", "nonsense"]}))
    assert problem["errors"] == {"scopes": ['1: "nonsense" is not a valid choice.']}


def test_not_json(api, alice):
    problem = members(api(alice).post(LISTINGS, "{", content_type="application/json"))
    assert (problem["status"], problem["code"], problem["type"]) == (400, "parse_error", "about:blank")


NO_LISTING = f"{LISTINGS}00000000-0000-4000-8000-000000000000/"


@pytest.mark.parametrize(
    ("status", "code", "title", "asked"),
    [
        (403, "permission_denied", "Forbidden", {"method": "get", "path": f"{NO_LISTING}decisions/"}),
        (404, "not_found", "Not Found", {"method": "get", "path": NO_LISTING}),
        (405, "method_not_allowed", "Method Not Allowed", {"method": "put", "path": "/api/v1/me/"}),
        (406, "not_acceptable", "Not Acceptable", {"method": "get", "path": LISTINGS, "HTTP_ACCEPT": "text/csv"}),
        (
            415,
            "unsupported_media_type",
            "Unsupported Media Type",
            {"method": "post", "path": LISTINGS, "data": "<x/>", "content_type": "text/xml"},
        ),
    ],
)
def test_http_problems(api, alice, status, code, title, asked):
    ask = getattr(api(alice), asked["method"])
    problem = members(ask(**{name: value for name, value in asked.items() if name != "method"}))
    assert (problem["status"], problem["code"], problem["title"]) == (status, code, title)
    assert problem["type"] == "about:blank"
    assert problem["detail"]


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v2/jobs/", "/api/v1/listings", "/api/v1/jobs/not-a-uuid/"])
def test_an_address_that_is_not_there(db, path):
    problem = members(APIClient().get(path))
    assert (problem["status"], problem["code"]) == (404, "not_found")


def test_an_unknown_host(settings):
    settings.ALLOWED_HOSTS = ["ganerate.example"]
    problem = members(APIClient().get("/api/v1/me/", headers={"host": "evil.example"}))
    assert (problem["status"], problem["code"]) == (400, "bad_request")


def test_a_body_that_is_too_large(api, alice, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    problem = members(api(alice).post(LISTINGS, {"title": "x" * 2000}))
    assert (problem["status"], problem["code"]) == (413, "too_large")
    assert "parts" in problem["detail"]


def test_what_breaks_on_our_side(api, alice, monkeypatch):
    client = api(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("marketplace.accounts.api.member", lambda request: 1 / 0)
    problem = members(client.get("/api/v1/me/"))
    assert (problem["status"], problem["code"]) == (500, "server_error")
    assert "ZeroDivision" not in problem["detail"]


@pytest.mark.parametrize(
    "body", ["[]", "1", '"x"', "null", '{"a": NaN}', "\x00", "{" * 100_000, '{"title": "\\u0000"}']
)
def test_json_that_is_not_what_was_asked_for(api, alice, body):
    problem = members(api(alice).post(LISTINGS, body, content_type="application/json"))
    assert problem["status"] == 400


def test_who_is_not_known_is_asked_who_they_are():
    response = APIClient().get("/api/v1/me/")
    assert response["WWW-Authenticate"] == 'Token realm="api"'
    assert (members(response)["status"], response.json()["code"]) == (401, "not_authenticated")


def test_a_problem_says_what_went_wrong_in_the_readers_language():
    said = [APIClient().get("/api/v1/me/", headers={"Accept-Language": code}).json()["detail"] for code in ("en", "ko")]
    assert said[0] != said[1]


def test_pages(api, alice):
    for _ in range(3):
        goods.draft_of(alice, goods.dataset_of(alice, 1))
    first = api(alice).get(LISTINGS, {"mine": "true", "page_size": 2}).json()
    assert set(first) == {"results", "next", "previous"}
    assert (len(first["results"]), first["previous"]) == (2, None)
    assert len(api(alice).get(first["next"]).json()["results"]) == 1


def test_the_schema_of_the_marketplace_builds_without_a_warning(capsys):
    call_command("spectacular", "--validate", "--file", "/dev/null")
    said = capsys.readouterr().err
    assert not [line for line in said.splitlines() if "marketplace" in line]
