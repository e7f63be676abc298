"""All settings, and the only reader of the environment.

A bare checkout needs no variable: SQLite, an embedded Valkey and a folder under var/. Each variable that
matters in production is listed in .env.example; a wrong one stops the program at start and is named.
"""

import hashlib
import os
import secrets
import tempfile
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from ganerate import silence
from ganerate.environment import LEVELS, Variables

BASE_DIR = Path(__file__).resolve().parent.parent

env = Variables()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)
VAR_DIR = env.folder("GANERATE_VAR", default=BASE_DIR / "var")


def local_secret() -> str:
    """A key for this checkout alone, made once; production must bring its own."""
    path = VAR_DIR / "secret-key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = env.key("SECRET_KEY", default=local_secret() if DEBUG else "")

ALLOWED_HOSTS = env.host_names("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the site's host names when DEBUG is off.")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
HTTPS = not DEBUG and env.bool("HTTPS", default=True)
_home = "http://127.0.0.1:8000" if DEBUG else f"{'https' if HTTPS else 'http'}://{ALLOWED_HOSTS[0].lstrip('.')}"
SITE_URL = env.address("SITE_URL", default=_home)

INSTALLED_APPS = [
    "ganerate",
    "generation",
    "daphne",
    "marketplace.accounts",
    "marketplace.listings",
    "marketplace.purchases",
    "marketplace.moderation",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "channels",
    "csp",
    "django_htmx",
    "django_rq",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "ganerate.health.Probes",
    "ganerate.metrics.Counted",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "ganerate.policies.OtherPolicies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "marketplace.accounts.middleware.PersonalPreferences",
    "marketplace.accounts.middleware.PresentTerms",
    "marketplace.accounts.middleware.IdempotencyKeys",
    "marketplace.moderation.entrance.SuspendedPeople",
    "ganerate.queues.ForOperators",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ganerate.breakage.StoreFaults",
]

ROOT_URLCONF = "ganerate.urls"
ASGI_APPLICATION = "ganerate.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "marketplace.purchases.context_processors.payments",
            ],
        },
    }
]

# Database. SQLite takes its write lock at BEGIN, so two writers wait for each other instead of failing.
DATABASES = {"default": env.database("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "ganerate.sqlite"
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
    # A file, because live-server tests run in other threads; its own for each process, so that runs can't collide.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(tempfile.gettempdir()) / f"ganerate-test-{os.getpid()}.sqlite3")}
else:
    DATABASES["default"]["OPTIONS"] = silence.of_database() | DATABASES["default"].get("OPTIONS", {})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def embedded_valkey_socket() -> Path:
    """A UNIX socket path holds 107 bytes; a checkout in a deep folder keeps its socket under /tmp."""
    path = VAR_DIR / "valkey" / "valkey.sock"
    if len(str(path)) < 100:
        return path
    name = hashlib.sha256(str(VAR_DIR).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"ganerate-{name}.sock"


EMBEDDED_VALKEY = "REDIS_URL" not in env.ENVIRON
VALKEY_SOCKET = embedded_valkey_socket()
REDIS_URL = env.address("REDIS_URL", f"unix://{VALKEY_SOCKET}?db=0", schemes=("redis", "rediss", "unix"))

RQ_QUEUES = {
    name: {
        "URL": REDIS_URL,
        "DEFAULT_TIMEOUT": -1,
        "SERIALIZER": "rq.serializers.JSONSerializer",
        "REDIS_CLIENT_KWARGS": {"socket_connect_timeout": 1, **silence.of_redis(REDIS_URL)},
    }
    for name in ("short", "training", "sampling")
}
RQ = {"COMMIT_MODE": "auto"}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # Without the explicit None an idle WebSocket dies when the client library sets a read timeout.
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": None, **silence.of_redis(REDIS_URL)}],
            "capacity": 1000,
            "expiry": 60,
        },
    }
}

# Files. A folder, or any S3-compatible store.
S3_BUCKET: str = env.str("S3_BUCKET", default="")
# Where browsers reach the store, if not where this machine does.
S3_PUBLIC_URL = env.address("S3_PUBLIC_URL", default="") if S3_BUCKET else ""
if S3_BUCKET:
    from boto3.s3.transfer import TransferConfig  # most sites have no such store

    _addressing = env.one_of("S3_ADDRESSING_STYLE", "path", ("path", "virtual", "auto"))
    _default_storage = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.address("S3_ENDPOINT_URL", default="") or None,
            "access_key": env.str("S3_ACCESS_KEY"),
            "secret_key": env.str("S3_SECRET_KEY"),
            "region_name": env.str("S3_REGION", default="us-east-1"),
            "signature_version": "s3v4",
            "addressing_style": _addressing,
            "client_config": silence.of_store(_addressing),
            "default_acl": None,
            "file_overwrite": True,
            "querystring_expire": 600,
            # A larger file that is opened whole goes to disk.
            "max_memory_size": 8 * 1024**2,
            "transfer_config": TransferConfig(max_concurrency=4),
        },
    }
    _store = urlsplit(S3_PUBLIC_URL or env.str("S3_ENDPOINT_URL", default="") or "https://*.amazonaws.com")
    # By the addressing style the bucket's name is in the path, or before the host's.
    STORE_ORIGINS = [f"{_store.scheme}://{name}{_store.netloc}" for name in ("", f"{S3_BUCKET}.")]
else:
    STORE_ORIGINS = []
    _default_storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "files", "base_url": None, "allow_overwrite": True},
    }
STORAGES = {
    "default": _default_storage,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
# Parts of an upload are at most 8 MB: the server holds a request body in memory.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# What is larger waits on disk: the web process stays small while many send at once.
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# People.
AUTH_USER_MODEL = "accounts.User"
# The e-mail is unique without regard to case, by a constraint that this check does not read.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = [
    "marketplace.moderation.backends.SuspensionBackend",
    "marketplace.accounts.backends.MemberBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# In production nobody signs in before the address is confirmed: every account has a mailbox that can get it back.
# A bare checkout writes its mail to the terminal: there an unconfirmed account may do everything.
ACCOUNT_EMAIL_VERIFICATION = "optional" if DEBUG else "mandatory"
# Only in the browser that signed up, and only until it is closed.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
# Whoever finds an open browser can't take the account over: changing addresses asks for the password again.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# By address; of the admin's entrance also by the account that is tried.
ACCOUNT_RATE_LIMITS = {"report": "10/h/ip", "admin_login": "20/5m/ip,5/5m/key"}
ACCOUNT_FORMS = {"login": "marketplace.accounts.forms.LoginForm", "signup": "marketplace.accounts.forms.SignupForm"}
ACCOUNT_ADAPTER = "marketplace.accounts.adapter.AccountAdapter"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "studio"
LOGOUT_REDIRECT_URL = "listing-list"
vars().update(env.mail("EMAIL_URL", default="consolemail://" if DEBUG else ""))
DEFAULT_FROM_EMAIL = env.mail_address(
    "DEFAULT_FROM_EMAIL", default=f"GANerate <noreply@{urlsplit(SITE_URL).hostname or 'localhost'}>"
)

# Languages and time.
LANGUAGE_CODE = "en"
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", default="Asia/Seoul")
USE_I18N = True
FORMAT_MODULE_PATH = "ganerate.formats"
USE_TZ = True

# Limits of one account and one request.
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", default=4 * 1024**3)
UPLOAD_PART_BYTES = 8 * 1024 * 1024
# Source images, uploads on their way and datasets of one account.
STORAGE_QUOTA_BYTES = env.int("STORAGE_QUOTA_BYTES", default=50 * 1024**3)
# An upload that nobody went on with for so long is removed, with its parts.
ABANDONED_UPLOAD_DAYS = env.int("ABANDONED_UPLOAD_DAYS", default=7)
MAX_COUNT = env.int("MAX_COUNT", default=1_000_000)
# Of one person, at a time: jobs that wait or run, and images that these will make.
MAX_ACTIVE_JOBS = env.int("MAX_ACTIVE_JOBS", default=20)
MAX_ACTIVE_IMAGES = env.int("MAX_ACTIVE_IMAGES", default=5_000_000)
# Of one training, on the machine of its worker: 0 for as many as it has GPUs, and at least one.
TRAINING_PROCESSES = env.int("TRAINING_PROCESSES", default=0, least=0, most=64)
# How far workers stand back from the site on the same machine, as nice counts it.
WORKER_NICENESS = env.int("WORKER_NICENESS", default=10, least=0, most=19)
# Inception's weights of 2015. With them reports tell FID too; they are never fetched.
INCEPTION_WEIGHTS = env.file("INCEPTION_WEIGHTS")
DECLARATION_VERSION = "2026-11"
# What people accept. A new version is asked for before they go on training, selling or buying.
TERMS_VERSION, TERMS_SINCE = "2026-11", date(2026, 11, 21)
PRIVACY_VERSION, PRIVACY_SINCE = "2026-11", date(2026, 11, 21)
# Who runs this site, as the terms and the privacy notice name them; until they do, both say that they are a draft.
OPERATOR_NAME: str = env.str("OPERATOR_NAME", default="")
OPERATOR_ADDRESS: str = env.str("OPERATOR_ADDRESS", default="")
CONTACT_EMAIL = env.mail_address("CONTACT_EMAIL", default="")
PRIVACY_OFFICER: str = env.str("PRIVACY_OFFICER", default="")
# Whoever else handles personal data for the operator, each as “name (what for)”.
PROCESSORS: list[str] = env.list("PROCESSORS", default=[])

# Money. Stripe's secret key and the secret that its messages are signed with; the address is another for tests alone.
STRIPE_SECRET_KEY = env.prefixed("STRIPE_SECRET_KEY", ("sk_", "rk_"))
STRIPE_WEBHOOK_SECRET = env.prefixed("STRIPE_WEBHOOK_SECRET", ("whsec_",))
STRIPE_API_BASE = env.address("STRIPE_API_BASE", default="https://api.stripe.com")
if bool(STRIPE_SECRET_KEY) != bool(STRIPE_WEBHOOK_SECRET):
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET belong together: with the first alone nobody hears of a payment. "
        f"The second is shown where Stripe is told to send its events to {SITE_URL}/payments/stripe/events/."
    )
# The test provider is for trying things out: production without a real one fails at start.
_pretended = env.bool("GANERATE_TEST_PAYMENTS", default=DEBUG and not STRIPE_SECRET_KEY)
if _pretended and STRIPE_SECRET_KEY:
    raise ImproperlyConfigured("GANERATE_TEST_PAYMENTS pretends payments, and STRIPE_SECRET_KEY takes them: set one.")
if not _pretended and not STRIPE_SECRET_KEY:
    raise ImproperlyConfigured(
        "No payment provider is configured: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET. "
        "GANERATE_TEST_PAYMENTS=1 allows the test provider, which takes no money."
    )
TEST_PAYMENTS: bool = _pretended
# Stripe's own test mode: its pages take only the numbers of test cards.
STRIPE_IN_TEST_MODE = STRIPE_SECRET_KEY.startswith(("sk_test_", "rk_test_"))
# The split of a price, frozen on each purchase. What of it nobody else gets is the seller's.
PLATFORM_FEE_PERCENT = env.int("PLATFORM_FEE_PERCENT", default=10, least=0, most=100)
# Of the price, which contains it: where the operator is the one who owes it. Else each seller accounts for their own.
VAT_PERCENT = env.int("VAT_PERCENT", default=0, least=0, most=50)
# What the payment provider keeps, where sellers carry it: hundredths of a percent, and an amount in the smallest unit.
PROCESSOR_FEE_BASIS_POINTS = env.int("PROCESSOR_FEE_BASIS_POINTS", default=0, least=0, most=2_000)
PROCESSOR_FEE_FIXED = {
    "KRW": env.int("PROCESSOR_FEE_FIXED_KRW", default=0, least=0),
    "USD": env.int("PROCESSOR_FEE_FIXED_USD", default=0, least=0),
}
# A sale is paid out once so many whole days have passed: buyers may withdraw for seven.
PAYOUT_DELAY_DAYS = env.int("PAYOUT_DELAY_DAYS", default=7, least=0, most=365)
# Less is not worth a transfer. In the smallest unit.
PAYOUT_MINIMUM = {
    "KRW": env.int("PAYOUT_MINIMUM_KRW", default=10_000),
    "USD": env.int("PAYOUT_MINIMUM_USD", default=1_000),
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "marketplace.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["marketplace.accounts.authentication.HasScope"],
    "DEFAULT_PAGINATION_CLASS": "ganerate.rest.CursorPages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "ganerate.rest.problem_details",
    "DEFAULT_THROTTLE_CLASSES": ["ganerate.throttles.CreateThrottle", "ganerate.throttles.ScopedCreateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"create": "1200/min", "tokens": "30/min", "reports": "30/hour"},
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "GANerate",
    "DESCRIPTION": "Train a GAN on your own images, generate new ones, sell and buy the datasets.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "ganerate.schema.declare_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "SharingEnum": "generation.models.GenerationJob.Sharing",
        "SharingAskedEnum": "generation.sharing.WAYS",
        "FormatEnum": ["bundle", "tar", "parquet"],
        "FormatStateEnum": "generation.formats.State",
        "NoticeKindEnum": "marketplace.moderation.models.Notice.Kind",
        "PurchaseStateEnum": "marketplace.purchases.models.Purchase.State",
        "AccountKindEnum": "marketplace.purchases.models.Account.Kind",
    },
}

# Security.
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/", "/api/v1/docs/"],
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        # Parts of uploads go straight to the store.
        "connect-src": [SELF, *STORE_ORIGINS],
        # A browser asks this also of where a form is sent on to.
        "form-action": [SELF, *(["https://checkout.stripe.com"] if STRIPE_SECRET_KEY else [])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = bool(SECURE_HSTS_SECONDS)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Limits by address count the client's, not the proxy's that all clients share.
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)

# Whoever sends it may read /metrics; without one only staff may.
METRICS_TOKEN = env.token("METRICS_TOKEN")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.one_of("LOG_LEVEL", "INFO", LEVELS)},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
    },
}
