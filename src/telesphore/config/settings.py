"""Django's settings, made from ours (`config/options.py`). The only module that reads the environment."""

import os
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from telesphore.config import embedded, logs
from telesphore.config.catalogue import read_settings
from telesphore.config.options import BadSetting, read_secret

try:
    SETTINGS = read_settings(os.environ)
except BadSetting as refused:
    sys.exit(f"telesphore: {refused}")


def _value(name: str) -> Any:
    return SETTINGS[name].value


HOME: Path = _value("home")
SOURCE = Path(__file__).resolve().parent.parent
DEMONSTRATION: bool = _value("demonstration")
DEBUG = False

_secret_key_file = HOME / "keys" / "sessions.secret"
# `config.keys` makes the file before anything runs; what only looks (help, the doctor) needs none that lasts.
SECRET_KEY = read_secret(_secret_key_file) if _secret_key_file.exists() else secrets.token_urlsafe(64)

BASE_URL: str = _value("base_url")
SECURE = BASE_URL.startswith("https://")
ALLOWED_HOSTS = list(_value("hosts"))
CSRF_TRUSTED_ORIGINS = [BASE_URL]
TRUSTED_PROXIES: tuple[str, ...] = _value("trusted_proxies")
# Whether the server itself reaches people's keys, by a PIN typed into a page; else only card agents do.
SERVER_TOKENS: bool = _value("tokens") != "none"
CLIENT_CERTIFICATES: str = _value("client_certificates")

INSTALLED_APPS = [
    # First, so that its templates stand before a library's of the same name.
    "telesphore.web",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "telesphore.audit",
    "telesphore.jobs",
    "telesphore.vault",
    "telesphore.pki",
    "telesphore.outbox",
    "telesphore.links",
    "telesphore.accounts",
    "telesphore.records",
    "telesphore.signature",
    "telesphore.webhooks",
    "telesphore.config.apps.Assembly",
]

MIDDLEWARE = [
    "telesphore.web.health.requests.LogRequests",
    # Before the next one, which replaces the proxy's address by the client's.
    "telesphore.web.client_certificates.ClientCertificateMiddleware",
    "telesphore.web.requests.ClientAddressMiddleware",
    "telesphore.web.uploads.UploadLimit",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Around all that writes headers and cookies, which it changes for pages shown in a frame.
    "telesphore.web.patients.embedded.EmbeddedMiddleware",
    "telesphore.web.headers.Headers",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "telesphore.web.presence.PresenceMiddleware",
    "telesphore.web.accounts.devices.DeviceMiddleware",
    "telesphore.web.access.AccessMiddleware",
    "telesphore.web.backup.BackupMiddleware",
    "telesphore.web.signature.bedside.BedsideMiddleware",
    "telesphore.web.refusals.RefusalMiddleware",
]

ROOT_URLCONF = "telesphore.config.routes"
WSGI_APPLICATION = "telesphore.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Ours come first: the sign-in library has pages of the same names.
        "DIRS": [SOURCE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "telesphore.web.shell.shell",
            ],
        },
    }
]


def _database(role_option: str, password_option: str, role: str) -> dict[str, Any]:
    if _value("database") == "embedded":
        place = embedded.cluster(HOME)
        password = place.password_file(role)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": embedded.DATABASE,
            "HOST": str(place.sockets),
            "USER": role,
            # Absent until the first start has made the cluster.
            "PASSWORD": read_secret(password) if password.exists() else "",
        }
    import psycopg.conninfo

    try:
        parts = psycopg.conninfo.conninfo_to_dict(_value("database"))
    except psycopg.Error:
        raise BadSetting(
            "TELESPHORE_DATABASE accepts embedded, or a postgresql:// address without a password."
        ) from None
    if "password" in parts:
        raise BadSetting("TELESPHORE_DATABASE holds a password; put it in a file: TELESPHORE_DATABASE_PASSWORD_FILE.")
    user = _value(role_option) if role_option else parts.get("user", embedded.APPLICATION)
    file = _value(password_option)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "telesphore"),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "USER": user,
        "PASSWORD": read_secret(file) if file else "",
        "OPTIONS": {name: value for name, value in parts.items() if name not in ("dbname", "host", "port", "user")},
    }


DATABASES = {
    "default": _database("", "database_password_file", embedded.APPLICATION),
    "owner": _database("database_owner", "database_owner_password_file", embedded.OWNER),
}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["owner"]["TEST"] = {"MIRROR": "default"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [SOURCE / "locale"]
TIME_ZONE = _value("time_zone")
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
# Served from where they lie (WHITENOISE_USE_FINDERS): nothing is collected.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# The front build names files after their content; pdf.js is in a folder named after its version.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/built/(pdfjs-[0-9.]+/.+|[^/]+\.[0-9a-f]{12}\.[a-z0-9]+)$"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "telesphore.web.static_files.BuiltFiles"},
}
MEDIA_URL = ""

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
WAYS = {"passkey", "password"}
"""Ways to sign in; Pro Santé Connect and cards add theirs when they are configured."""
if _value("psc_issuer") is not None:
    WAYS.add("psc")
if _value("card_anchors_file") is not None:
    WAYS.add("card")
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "telesphore.web.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in/"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Guesses are counted by `web.accounts.throttle`; these bound what one address costs, and a hospital has one.
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": None, "reauthenticate": "10/m/user"}
MFA_ADAPTER = "telesphore.web.accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "given_name", "family_name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "telesphore.web.accounts.passwords.NotWithEnds"},
    {"NAME": "telesphore.web.accounts.passwords.NotTheirOrganisation"},
]
# Shared by all web processes, so that a limit is one limit.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "web_cache",
        # Counts of who asks too often live here: a crowd of addresses must not make it forget them.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Never in a temporary file: `web.uploads` bounds what memory must hold.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 64 * 2**20

SESSION_ENGINE = "telesphore.web.sessions"
SESSION_COOKIE_AGE = int(timedelta(hours=4).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 63072000 if SECURE else 0
# Others learn nothing of our addresses. "no-referrer" would make browsers post our own forms with `Origin: null`,
# which the protection against forged requests refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logs.CONFIGURATION
METRICS_TOKEN: str | None = read_secret(_value("metrics_token_file")) if _value("metrics_token_file") else None
