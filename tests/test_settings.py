"""Production starts with good settings, and says which one is wrong or missing; a bare checkout needs none."""

import os
import re
import runpy
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / ".env.example").read_text()
NAMED = dict(re.findall(r"^#([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE, re.MULTILINE))
GOOD = {
    "DEBUG": "0",
    "SECRET_KEY": "".join(chr(97 + number % 26) for number in range(60)),
    "ALLOWED_HOSTS": "ganerate.example,.ganerate.kr",
    "EMAIL_URL": "smtp+tls://user:secret@mail.example:587",
    "GANERATE_TEST_PAYMENTS": "1",
}


@pytest.fixture
def start(monkeypatch, tmp_path):
    """start(NAME="value") reads the settings in a good production environment with these changed."""

    def read(**changed: str | None) -> dict[str, object]:
        for name in [*NAMED, "GANERATE_VAR"]:
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"GANERATE_VAR": str(tmp_path)} | GOOD | changed).items():
            if value is not None:
                monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "ganerate/settings.py"))

    return read


def test_good_settings_start(start):
    settings = start()
    assert settings["SITE_URL"] == "https://ganerate.example"
    assert settings["SECURE_SSL_REDIRECT"] is True
    assert settings["EMAIL_HOST"] == "mail.example"


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "EMAIL_URL", "GANERATE_TEST_PAYMENTS"])
def test_a_missing_one_is_named(start, name):
    with pytest.raises(ImproperlyConfigured, match=name):
        start(**{name: None})


WRONG = {
    "DEBUG": ["ture", "2"],
    "SECRET_KEY": ["short", "a" * 60],
    "ALLOWED_HOSTS": ["https://ganerate.example", "ganerate.example:8000", "a.example b.example"],
    "CSRF_TRUSTED_ORIGINS": ["ganerate.example", "https://a.example,b.example"],
    "SITE_URL": ["ganerate.example", "https://"],
    "HTTPS": ["ye", "1      # a comment"],
    "BEHIND_PROXY": ["nginx"],
    "INCEPTION_WEIGHTS": ["/nowhere/weights.pth"],
    "GANERATE_TEST_PAYMENTS": ["maybe"],
    "GANERATE_VAR": ["/proc/ganerate", "/dev/null/var"],
    "DATABASE_URL": ["mysql://localhost/ganerate", "ganerate", "postgre://u:p@h/d"],
    "REDIS_URL": ["localhost:6379", "http://localhost"],
    "S3_ENDPOINT_URL": ["s3.example"],
    "S3_ACCESS_KEY": [None],
    "S3_SECRET_KEY": [None],
    "S3_ADDRESSING_STYLE": ["host"],
    "EMAIL_URL": ["mail.example", "imap://mail.example"],
    "DEFAULT_FROM_EMAIL": ["GANerate"],
    "CONTACT_EMAIL": ["nobody"],
    "TIME_ZONE": ["Seoul", "Asia/Atlantis"],
    "MAX_UPLOAD_BYTES": ["4G", "0", "-1"],
    "STORAGE_QUOTA_BYTES": ["lots", "0"],
    "ABANDONED_UPLOAD_DAYS": ["0", "1.5"],
    "MAX_COUNT": ["", "0"],
    "PLATFORM_FEE_PERCENT": ["101", "ten"],
    "LOG_LEVEL": ["loud"],
}
# Any text will do, or what it names is found out only when it is used.
FREE = {"S3_BUCKET", "S3_REGION", "OPERATOR_NAME", "OPERATOR_ADDRESS", "PRIVACY_OFFICER", "PROCESSORS"}
STORE = {"S3_BUCKET": "ganerate", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "secret"}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_one_is_named(start, name, value):
    with pytest.raises(ImproperlyConfigured, match=name):
        start(**STORE | {name: value})


def test_a_password_is_not_repeated(start):
    with pytest.raises(ImproperlyConfigured) as error:
        start(DATABASE_URL="mysql://user:hunter2@db.example/x")
    assert "hunter2" not in str(error.value)


def test_each_variable_is_in_the_example_and_each_of_the_example_is_read():
    read = re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', (ROOT / "ganerate/settings.py").read_text())
    assert set(read) == set(NAMED)
    assert set(NAMED) == set(WRONG) | FREE


def test_the_example_starts_when_its_blanks_are_filled(start):
    values = {name: value for name, value in NAMED.items() if name != "GANERATE_VAR"}
    blanks = {name: "text" for name, value in values.items() if not value} | {"CONTACT_EMAIL": "post@ganerate.example"}
    blanks["INCEPTION_WEIGHTS"] = __file__
    settings = start(**values | blanks | {"SECRET_KEY": GOOD["SECRET_KEY"]})
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.postgresql"
    assert settings["HTTPS"] is True


def test_a_bare_checkout_needs_none(start):
    settings = start(**dict.fromkeys(GOOD))
    assert settings["DEBUG"] is True
    assert len(settings["SECRET_KEY"]) > 50
    assert os.stat(settings["VAR_DIR"] / "secret-key").st_mode & 0o077 == 0
