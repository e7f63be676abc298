"""Numbers of bank accounts as they are stored: sealed, so that a copy of the database alone tells nobody any."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

PURPOSE = b"ganerate payout accounts"
SHOWN = 4


class Unreadable(Exception):
    """Sealed under a secret key that this site no longer has."""


def seal(number: str) -> str:
    return box().encrypt(number.encode()).decode()


def opened(sealed: str) -> str:
    try:
        return box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def last_digits(number: str) -> str:
    return number[-SHOWN:]


def box() -> MultiFernet:
    """Seals under the present secret key, opens under earlier ones too."""
    return MultiFernet([Fernet(key_of(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def key_of(secret: str | bytes) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(force_bytes(secret))
    return urlsafe_b64encode(derived)
