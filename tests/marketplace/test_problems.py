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


@pytest.mark.parametrize(
    ("status", "code", "title", "ask"),
    [
        (401, "not_authenticated", "Unauthorized", lambda anybody, known: anybody.get("/api/v1/me/")),
        (403, "permission_denied", "Forbidden", lambda anybody, known: known.get(LISTINGS + "x/decisions/")),
        (404, "not_found", "Not Found", lambda anybody, known: anybody.get(LISTINGS + "x/")),
        (405, "method_not_allowed", "Method Not Allowed", lambda anybody, known: known.put("/api/v1/me/", {})),
        (406, "not_acceptable", "Not Acceptable", lambda anybody, known: known.get(LISTINGS, HTTP_ACCEPT="text/csv")),
        (
            415,
            "unsupported_media_type",
            "Unsupported Media Type",
            lambda anybody, known: known.post(LISTINGS, "<x/>", content_type="text/xml"),
        ),
    ],
)
def test_http_problems(api, alice, status, code, title, ask):
    class Client(APIClient):
        """With the id of a listing that is not there, and of one that is, where the path asks for one."""

        def generic(self, method: str, path: str, *args, **kwargs):
            return super().generic(
                method, path.replace("/x/", f"/{'0' * 8}-0000-4000-8000-{'0' * 12}/"), *args, **kwargs
            )

    known = Client(headers=api(alice)._credentials or api(alice).defaults)
    known.force_authenticate(alice)
    problem = members(ask(Client(), known))
    assert (problem["status"], problem["code"], problem["title"]) == (status, code, title)
    assert problem["type"] == "about:blank"
    assert problem["detail"]


def test_a_problem_says_what_went_wrong_in_the_readers_language(alice):
    response = APIClient().get("/api/v1/me/", headers={"Accept-Language": "ko"})
    assert (
        members(response)["detail"]
        != APIClient().get("/api/v1/me/", headers={"Accept-Language": "en"}).json()["detail"]
    )


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
