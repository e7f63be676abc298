"""The cast: Alice sells, Bob buys, Charlie is a stranger, Mod moderates."""

import importlib

import pytest
from django.apps import apps
from django.test import Client
from rest_framework.test import APIClient

from marketplace.accounts.models import ApiToken, User
from marketplace.listings.models import Licence


def person(name: str, **fields: object) -> User:
    user = User.objects.create_user(
        f"{name.lower()}@example.com", "correct horse 42", name=name, language="en", **fields
    )
    user.accept_present_terms()
    return user


@pytest.fixture
def alice(db: None) -> User:
    return person("Alice")


@pytest.fixture
def bob(db: None) -> User:
    return person("Bob")


@pytest.fixture
def charlie(db: None) -> User:
    return person("Charlie")


@pytest.fixture
def mod(db: None) -> User:
    return person("Mod", is_staff=True, is_superuser=True)


@pytest.fixture
def api():
    """api(user) is a client with a token of every scope."""

    def client(user: User, scopes: list[str] | None = None) -> APIClient:
        _, text = ApiToken.issue(user, "test", scopes or ApiToken.Scope.values)
        return APIClient(headers={"Authorization": f"Token {text}"})

    return client


@pytest.fixture
def browser_of():
    """browser_of(user) is a signed-in browser without JavaScript."""

    def client(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return client


@pytest.fixture(autouse=True)
def rows_that_migrations_made(request):
    """A test that commits leaves every table empty behind it, those that a migration had filled too."""
    marker = request.node.get_closest_marker("django_db")
    asked = {"db", "transactional_db"} & set(request.fixturenames)
    if not asked and not marker:
        return
    commits = "transactional_db" in asked or (marker and marker.kwargs.get("transaction"))
    request.getfixturevalue("transactional_db" if commits else "db")
    if not Licence.objects.exists():
        for migration in ("listings.migrations.0004_licences", "moderation.migrations.0003_moderators"):
            importlib.import_module(f"marketplace.{migration}").create(apps, None)


@pytest.fixture(autouse=True)
def files_in_a_temporary_folder(settings, tmp_path):
    storages = dict(settings.STORAGES)
    storages["default"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "files", "base_url": None, "allow_overwrite": True},
    }
    settings.STORAGES = storages
