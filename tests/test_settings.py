"""Production starts with good settings, and says which one is wrong or missing; a bare checkout needs none."""

import os
import re
import runpy
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from ganerate import silence

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
    "S3_PUBLIC_URL": ["files.example"],
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
    "MAX_ACTIVE_JOBS": ["", "0"],
    "MAX_ACTIVE_IMAGES": ["", "0"],
    "PLATFORM_FEE_PERCENT": ["101", "ten"],
    "STRIPE_SECRET_KEY": ["pk_live_0123456789abcdef", "sk_live_", "sk_live_0123456789abcdef"],
    "STRIPE_WEBHOOK_SECRET": ["0123456789abcdef0123456789", "whsec_", "whsec_0123456789abcdef"],
    "STRIPE_API_BASE": ["api.stripe.com"],
    "VAT_PERCENT": ["51", "10%"],
    "PROCESSOR_FEE_BASIS_POINTS": ["2001", "2.9"],
    "PROCESSOR_FEE_FIXED_KRW": ["-1", "some"],
    "PROCESSOR_FEE_FIXED_USD": ["-1", "0.30"],
    "PAYOUT_DELAY_DAYS": ["-1", "366"],
    "TRAINING_PROCESSES": ["-1", "65"],
    "WORKER_NICENESS": ["-1", "20"],
    "PAYOUT_MINIMUM_KRW": ["0", "10,000"],
    "PAYOUT_MINIMUM_USD": ["0", "10.00"],
    "METRICS_TOKEN": ["short", "a" * 30, "twenty or more random characters"],
    "LOG_LEVEL": ["loud"],
}
# Any text will do, or what it names is found out only when it is used.
FREE = {"S3_BUCKET", "S3_REGION", "OPERATOR_NAME", "OPERATOR_ADDRESS", "PRIVACY_OFFICER", "PROCESSORS"}
STRIPE = {"STRIPE_SECRET_KEY": "sk_live_0123456789abcdef", "STRIPE_WEBHOOK_SECRET": "whsec_0123456789abcdef"}
STORE = {"S3_BUCKET": "ganerate", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "secret"}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_one_is_named(start, name, value):
    with pytest.raises(ImproperlyConfigured, match=name):
        start(**STORE | {name: value})


def test_stripe_takes_the_place_of_pretended_payments(start):
    settings = start(GANERATE_TEST_PAYMENTS=None, **STRIPE)
    assert settings["TEST_PAYMENTS"] is False
    assert "https://checkout.stripe.com" in settings["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"]
    assert start(DEBUG="1", GANERATE_TEST_PAYMENTS=None, **STRIPE)["TEST_PAYMENTS"] is False


def test_pages_may_send_to_the_store_under_both_of_its_addresses(start):
    settings = start(**STORE, S3_ENDPOINT_URL="https://s3.example", S3_PUBLIC_URL="https://files.example:8333")
    allowed = settings["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["connect-src"]
    assert allowed[1:] == ["https://files.example:8333", "https://ganerate.files.example:8333"]


def test_payments_are_taken_or_pretended(start):
    with pytest.raises(ImproperlyConfigured, match="set one"):
        start(**STRIPE)


def test_what_is_wrong_with_a_key_is_told_without_it(start):
    with pytest.raises(ImproperlyConfigured) as error:
        start(STRIPE_SECRET_KEY="pk_live_hunter2hunter2hunter2")
    assert "hunter2" not in str(error.value)


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
    secrets = {"SECRET_KEY": GOOD["SECRET_KEY"], "METRICS_TOKEN": GOOD["SECRET_KEY"]}
    # Payments are taken or pretended, not both.
    settings = start(**values | blanks | secrets | STRIPE | {"GANERATE_TEST_PAYMENTS": None})
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.postgresql"
    assert settings["HTTPS"] is True


def test_a_bare_checkout_needs_none(start):
    settings = start(**dict.fromkeys(GOOD))
    assert settings["DEBUG"] is True
    assert len(settings["SECRET_KEY"]) > 50
    assert os.stat(settings["VAR_DIR"] / "secret-key").st_mode & 0o077 == 0


def test_no_connection_waits_long_for_a_host_that_is_silent():
    database = silence.of_database()
    assert database["tcp_user_timeout"] <= 30_000
    assert "-c idle_in_transaction_session_timeout=60000" in database["options"]
    assert silence.of_redis("unix:///valkey.sock?db=0") == {}
    assert silence.of_redis("redis://localhost:6379/0")["socket_keepalive"]
    assert silence.of_store("path").connect_timeout == 5
