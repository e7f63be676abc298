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
    assert "/profile/tokens/" in response.json()["detail"]
    assert text not in response.content.decode()


@pytest.mark.parametrize(
    "header", ["Token", "Token ", "Token  gan_x y", "token " + "x" * 20_000, "Token \x01\x7f", "Token gan_\u00fc"]
)
def test_a_malformed_token_is_unknown(db, header):
    response = APIClient(headers={"Authorization": header}).get(ME)
    assert (response.status_code, response.json()["code"]) == (401, "token_unknown")


@pytest.mark.parametrize("header", ["", "Bearer gan_x", "Basic YTpi", "gan_x"])
def test_another_kind_of_credentials_is_told_which_kind_is_meant(db, header):
    response = APIClient(headers={"Authorization": header}).get(ME)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert "Authorization: Token" in response.json()["detail"]


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("account", "patch", ME),
        ("account", "post", URL),
        ("sell", "post", "/api/v1/listings/"),
        ("buy", "post", "/api/v1/purchases/"),
        ("generate", "post", "/api/v1/jobs/"),
        ("generate", "post", "/api/v1/source-sets/"),
    ],
)
def test_a_missing_scope_is_named(api, alice, scope, method, path):
    response = getattr(api(alice, ["read"]), method)(path, {})
    assert response.status_code == 403
    assert f"lacks the scope “{scope}”" in response.json()["detail"]
    assert "/profile/tokens/" in response.json()["detail"]


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


PAGE = "/profile/tokens/"
GIVEN = {"name": "laptop", "scopes": ["read", "sell"], "expires_in_days": 7}


def test_the_page_shows_a_new_token_once_with_a_line_to_try_it(browser_of, alice):
    client = browser_of(alice)
    assert "No tokens yet" in client.get(PAGE).text
    page = client.post(PAGE, GIVEN)
    text = page.context["text"]
    assert f'curl -H "Authorization: Token {text}" http://testserver/api/v1/me/' in page.text
    assert using(text).get(ME).status_code == 200
    again = client.get(PAGE).text
    assert text not in again
    assert "laptop" in again


def test_the_page_explains_each_scope_and_keeps_moderation_for_staff(browser_of, alice, mod):
    pages = [browser_of(user).get(PAGE).text for user in (alice, mod)]
    assert all("Buy datasets in your name" in page for page in pages)
    assert ['value="moderate"' in page for page in pages] == [False, True]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["moderate"]}, "scopes"),
        ({"scopes": ["<script>"]}, "scopes"),
        ({"expires_in_days": 9999}, "expires_in_days"),
        ({"expires_in_days": "🦊"}, "expires_in_days"),
    ],
)
def test_bad_input_on_the_page_is_an_error_of_its_field(browser_of, alice, wrong, field):
    response = browser_of(alice).post(PAGE, GIVEN | wrong)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not ApiToken.objects.exists()


def test_a_name_is_text_and_nothing_else(browser_of, alice):
    assert "&lt;script&gt;" in browser_of(alice).post(PAGE, GIVEN | {"name": "<script>alert(1)</script>"}).text


def test_fifty_tokens_are_enough_on_the_page_too(browser_of, alice):
    for number in range(50):
        ApiToken.issue(alice, str(number), ["read"])
    response = browser_of(alice).post(PAGE, GIVEN)
    assert response.status_code == 422
    assert "Revoke one first" in response.text


def test_revoking_on_the_page_asks_first(browser_of, alice):
    token, text = ApiToken.issue(alice, "laptop", ["read"])
    client = browser_of(alice)
    assert "Programs that use this token stop working at once" in client.get(PAGE).text
    assert client.get(f"{PAGE}{token.public_id}/revoke/").status_code == 405
    assert "“laptop” no longer works." in client.post(f"{PAGE}{token.public_id}/revoke/", follow=True).text
    assert using(text).get(ME).json()["code"] == "token_revoked"


def test_an_expired_token_is_marked_on_the_page(browser_of, alice):
    ApiToken.issue(alice, "old", ["read"], timezone.now() - timedelta(days=1))
    assert '<span class="badge failed">expired</span>' in browser_of(alice).get(PAGE).text


def test_nobody_revokes_the_token_of_another(browser_of, api, alice, bob):
    token, text = ApiToken.issue(alice, "t", ["read"])
    assert browser_of(bob).post(f"{PAGE}{token.public_id}/revoke/").status_code == 404
    assert api(bob).delete(f"{URL}{token.public_id}/").status_code == 404
    assert using(text).get(ME).status_code == 200
