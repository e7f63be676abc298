"""The environment's variables, each read strictly: a value that can't be meant stops the start and is named."""

import os
import zoneinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
DATABASES = ("sqlite", "postgres", "postgresql", "pgsql", "psql")
MAIL = ("smtp", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "memorymail", "dummymail")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# What Django's own check of a deployment asks of a key.
KEY_LENGTH, KEY_LETTERS = 50, 5
TOKEN_LENGTH = 20


class Variables(environ.FileAwareEnv):
    def bool(self, var: str, default: bool) -> bool:
        text = self.str(var, default="1" if default else "0").strip().lower()
        if text not in TRUE + FALSE:
            raise wrong(var, text, "1 or 0")
        return text in TRUE

    def int(self, var: str, default: int, least: int = 1, most: int = 2**63 - 1) -> int:
        text = self.str(var, default=str(default)).strip()
        if not text.isdigit() or not least <= int(text) <= most:
            raise wrong(var, text, f"a whole number of at least {least}" + (f" and at most {most}" * (most < 2**62)))
        return int(text)

    def file(self, var: str) -> Path | None:
        text = self.str(var, default="").strip()
        if text and not Path(text).is_file():
            raise wrong(var, text, "the path of a file")
        return Path(text) if text else None

    def one_of(self, var: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.str(var, default=default).strip()
        if text not in choices:
            raise wrong(var, text, f"one of {', '.join(choices)}")
        return text

    def address(self, var: str, default: str, schemes: tuple[str, ...] = ("http", "https")) -> str:
        """Empty only where the default is."""
        text = self.str(var, default=default).strip().rstrip("/")
        return checked_address(var, text, schemes) if text or default else ""

    def origins(self, var: str) -> list[str]:
        return [checked_address(var, text.strip(), ("http", "https")) for text in self.list(var, default=[])]

    def host_names(self, var: str, default: list[str]) -> list[str]:
        names = [name.strip() for name in self.list(var, default=default)]
        for name in names:
            if "/" in name or " " in name or (":" in name and not name.startswith("[")):
                raise wrong(var, name, "host names without https:// and port, with commas between them")
        return names

    def key(self, var: str, default: str) -> str:
        text = self.str(var, default="") or default
        if not text:
            raise ImproperlyConfigured(f"{var} must be set when DEBUG is off: {KEY_LENGTH} or more random characters.")
        if not default and (len(text) < KEY_LENGTH or len(set(text)) < KEY_LETTERS):
            raise ImproperlyConfigured(f"{var} is too easy to guess: it needs {KEY_LENGTH} or more random characters.")
        return str(text)

    def token(self, var: str) -> str:
        """None, or one that nobody guesses. What is wrong with it is told without it."""
        text = self.str(var, default="").strip()
        if text and (len(text) < TOKEN_LENGTH or len(set(text)) < KEY_LETTERS or " " in text):
            raise ImproperlyConfigured(
                f"{var} is too easy to guess: it needs {TOKEN_LENGTH} or more random characters without spaces."
            )
        return str(text)

    def prefixed(self, var: str, beginnings: tuple[str, ...]) -> str:
        """None, or a secret of somebody else's making. What is wrong with it is told without it."""
        text = self.str(var, default="").strip()
        if text and not (
            text.startswith(beginnings) and len(text) >= TOKEN_LENGTH and text.isascii() and " " not in text
        ):
            raise ImproperlyConfigured(
                f"{var} must be the whole text that the provider shows, which begins with {' or '.join(beginnings)}."
            )
        return str(text)

    def database(self, var: str, default: str) -> dict[str, Any]:  # Any: Django's own dictionary
        text = self.str(var, default=default)
        if urlsplit(text).scheme not in DATABASES:
            raise wrong(var, text, "like postgres://user:password@host/name or sqlite:////path")
        return dict(self.db_url_config(text))

    def mail(self, var: str, default: str) -> dict[str, Any]:  # Any: Django's own settings
        text = self.str(var, default=default)
        if not text:
            raise ImproperlyConfigured(
                f"{var} must be set when DEBUG is off: people confirm their address by mail. "
                "consolemail:// only prints it."
            )
        if urlsplit(text).scheme not in MAIL:
            raise wrong(var, text, "like smtp+tls://user:password@mail.example:587")
        return dict(self.email_url_config(text))

    def mail_address(self, var: str, default: str) -> str:
        text = self.str(var, default=default)
        if text and "@" not in text:
            raise wrong(var, text, "an e-mail address, with or without a name before it")
        return str(text)

    def time_zone(self, var: str, default: str) -> str:
        text = self.str(var, default=default).strip()
        if text not in zoneinfo.available_timezones():
            raise wrong(var, text, "the name of a time zone like Asia/Seoul")
        return str(text)

    def folder(self, var: str, default: Path) -> Path:
        path = Path(self.str(var, default=str(default))).expanduser().resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImproperlyConfigured(f"{var}: the folder {path} can't be made: {error.strerror}.") from None
        if not os.access(path, os.W_OK | os.X_OK):
            raise ImproperlyConfigured(f"{var}: the folder {path} can't be written by the user who runs GANerate.")
        return path


def checked_address(var: str, text: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(text)
    if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "unix"):
        raise wrong(var, text, f"an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return text


def wrong(var: str, text: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{var} is “{without_password(text)}” and must be {wanted}.")


def without_password(text: str) -> str:
    """An error ends up in logs."""
    before, at, after = text.rpartition("@")
    return f"…@{after}" if at and "://" in before else text
