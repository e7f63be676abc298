from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from marketplace.accounts.models import ApiToken

pytestmark = pytest.mark.django_db
URL = "/api/v1/tokens/"
ME = "/api/v1/me/"


def using(text: str) -> APIClient:
    return APIClient(headers={"Authorization": f"Token {text}"})


def test_a_token_is_shown_once_and_stored_as_a_hash(api, alice):
    response = api(alice).post(URL, {"name": "laptop", "scopes": ["read"], "expires_in_days": 7})
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    text = response.json()["token"]
    assert using(text).get(ME).json()["email"] == "alice@example.com"
    token = ApiToken.objects.get(name="laptop")
    assert text not in str(vars(token))
    assert timedelta(days=6, hours=23) < token.expires_at - timezone.now() <= timedelta(days=7)
    assert "token" not in api(alice).get(URL).json()["results"][0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "token_expired"),
        ({"revoked_at": timezone.now()}, "token_revoked"),
        ({"digest": "0" * 64}, "token_unknown"),
    ],
)
def test_why_a_token_is_refused(alice, change, code):
    token, text = ApiToken.issue(alice, "t", ["read"])
    ApiToken.objects.filter(pk=token.pk).update(**change)
    response = using(text).get(ME)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Token realm="api"'
    assert response.json()["code"] == code
    assert text not in response.content.decode()


def test_a_closed_account_has_no_tokens(alice):
    _, text = ApiToken.issue(alice, "t", ["read"])
    alice.is_active = False
    alice.save()
    assert using(text).get(ME).json()["code"] == "token_unknown"


def test_a_bad_token_is_refused_even_where_anybody_may_look():
    assert using("gan_wrong").get("/api/v1/listings/").status_code == 401


def test_use_is_noted_at_most_once_a_minute(alice, time_machine):
    time_machine.move_to("2026-11-21 12:00:00+00:00", tick=False)
    token, text = ApiToken.issue(alice, "t", ["read"])
    noted = []
    for seconds in (0, 59, 2):
        time_machine.shift(seconds)
        using(text).get(ME)
        token.refresh_from_db()
        noted.append(token.last_used_at.strftime("%H:%M:%S"))
    assert noted == ["12:00:00", "12:00:00", "12:01:01"]


def test_revoking(api, alice):
    token, text = ApiToken.issue(alice, "t", ["read"])
    assert api(alice).delete(f"{URL}{token.public_id}/").status_code == 204
    assert using(text).get(ME).json()["code"] == "token_revoked"
    assert api(alice).delete(f"{URL}{token.public_id}/").status_code == 404


def test_a_token_gives_no_more_than_it_has(api, alice):
    response = api(alice, ["account", "read"]).post(URL, {"name": "x", "scopes": ["read", "buy"]})
    assert response.status_code == 400
    assert "scopes" in response.json()["errors"]
    assert api(alice, ["account", "read"]).post(URL, {"name": "x", "scopes": ["read"]}).status_code == 201


def test_a_token_outlives_its_maker_in_no_case(alice):
    maker, text = ApiToken.issue(alice, "m", ["account"], timezone.now() + timedelta(days=1))
    made = using(text).post(URL, {"name": "x", "scopes": ["account"], "expires_in_days": 300}).json()
    assert ApiToken.objects.get(public_id=made["id"]).expires_at == maker.expires_at


def test_only_staff_may_hold_moderate(api, alice, mod):
    asked = {"name": "x", "scopes": ["moderate"]}
    assert api(alice).post(URL, asked).json()["errors"] == {"scopes": ["Only staff can have the scope “moderate”."]}
    assert api(mod).post(URL, asked).status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"scopes": ["everything"]}, {"name": ""}, {"expires_in_days": 0}, {"expires_in_days": 366}],
)
def test_bad_input(api, alice, wrong):
    response = api(alice).post(URL, {"name": "x", "scopes": ["read"]} | wrong)
    assert response.status_code == 400
    assert set(response.json()["errors"]) == set(wrong)


def test_a_browser_session_has_every_scope_and_needs_csrf(alice):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(ME).status_code == 200
    assert client.patch(ME, {"name": "Mallory"}).status_code == 403


def test_me_changes_what_is_mine_to_change(api, alice):
    response = api(alice).patch(
        ME, {"name": "Alicia", "language": "ko", "time_zone": "Europe/Berlin", "is_staff": True}
    )
    assert response.status_code == 200
    alice.refresh_from_db()
    assert (alice.name, alice.language, alice.time_zone, alice.is_staff) == ("Alicia", "ko", "Europe/Berlin", False)
    assert set(api(alice).patch(ME, {"time_zone": "Moon/Sea"}).json()["errors"]) == {"time_zone"}


def test_the_list_asks_no_more_for_more(api, alice, django_assert_num_queries):
    client = api(alice)
    client.get(URL)
    for number in range(5):
        ApiToken.issue(alice, str(number), ["read"])
    with django_assert_num_queries(2):
        assert len(client.get(URL).json()["results"]) == 6


def test_making_tokens_is_throttled(api, alice, settings):
    client = api(alice)
    statuses = [client.post(URL, {}).status_code for _ in range(31)]
    assert set(statuses[:30]) == {400}
    assert statuses[30] == 429
    response = client.post(URL, {})
    assert response.json()["code"] == "throttled"
    assert int(response["Retry-After"]) > 0
    assert client.get(URL).status_code == 200
