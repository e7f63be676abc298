"""The cast: Alice sells, Bob buys, Charlie is a stranger, Mod moderates."""

import fcntl
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that in the end nobody waits for them. Those on the test database keep their order."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None or on_the_database(item))


def on_the_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", [])
    return item.get_closest_marker("django_db") is not None or not {"db", "transactional_db"}.isdisjoint(fixtures)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """once(name, make) is a folder that the first process of this run has made, for all of them to copy from."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / name).exists():
                (root / f"{name}-half").mkdir(exist_ok=True)
                make(root / f"{name}-half")
                (root / f"{name}-half").rename(root / name)
        return root / name

    return made


@pytest.fixture(scope="session")
def migrated(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """An SQLite database of a site's own, with every table and no row of anybody's."""

    def migrate(folder: Path) -> None:
        own = {"GANERATE_VAR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
        own["DJANGO_SETTINGS_MODULE"] = "ganerate.settings"
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=Path(__file__).parent.parent, env=os.environ | own, check=True)

    return once("migrated", migrate) / "db.sqlite3"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """The way of the product takes half a second for each person that a test makes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


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


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Tests that commit empty every table after them. test_audit.py puts the trigger back that refuses it of one."""
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            connection.cursor().execute("DROP TRIGGER IF EXISTS audit_stays_whole ON moderation_auditentry")


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
        made = ("listings.migrations.0004_licences", "moderation.migrations.0003_moderators")
        for migration in (
            *made,
            "moderation.migrations.0005_operators",
            "moderation.migrations.0008_moderators_and_treasurers",
            "moderation.migrations.0009_treasurers_see_the_books",
        ):
            importlib.import_module(f"marketplace.{migration}").create(apps, None)


@pytest.fixture(autouse=True)
def files_in_a_temporary_folder(settings, tmp_path):
    storages = dict(settings.STORAGES)
    storages["default"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "files", "base_url": None, "allow_overwrite": True},
    }
    settings.STORAGES = storages
