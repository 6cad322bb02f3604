"""Settings of the deployed server. Every name that is read from the environment stands in this file.

Each has its name, unit, default and reason beside it. Those of the embedded Postgres are the one exception: they are
read on the first connection, in `config.embedded_postgres.place`.

For development a `.env` file beside `manage.py` is read. `make` writes one with `DEBUG=1` where there is none, so that
`manage.py` works on a newcomer's machine, while a server without any configuration is never in debug mode.
"""

import hashlib
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from config import log, pool
from config.secret import development_key

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
# Variables of the real environment win over the file.
env.read_env(BASE_DIR / ".env", overwrite=False)

# DEBUG · flag · off: a forgotten setting must never publish traces.
DEBUG = env.bool("DEBUG", default=False)

# SECRET_KEY · text · none in production; in development one is made and remembered in `.secret_key`.
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. In production, set it to a long random text. "
            "For development, set DEBUG=1, or run any `make` target once: it writes a .env file that does."
        )
    SECRET_KEY = development_key(BASE_DIR / ".secret_key")

# ALLOWED_HOSTS · comma-separated names · this machine in development, nothing in production.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])

# CSRF_TRUSTED_ORIGINS · comma-separated origins · none: needed when a proxy serves the admin under another name.
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "sync",
    "entities",
]

# Django 6.1 asks for `django.contrib.postgres` beside any array column. It would add look-ups and form fields that are
# not used here, and two queries for hstore and citext to each process.
SILENCED_SYSTEM_CHECKS = ["postgres.E005"]

MIDDLEWARE = [
    # Before everything that can answer: an answer without CORS headers is invisible to a browser app.
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Before everything that works on a request: each log line of it carries the request's id.
    "sync.api.middleware.RequestIds",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# DATABASE_URL · postgres://user:password@host:port/name · none: the embedded Postgres starts on the first connection.
DATABASE_URL = env.str("DATABASE_URL", default="")

# EMBEDDED_POSTGRES_ALLOWED · flag · off: outside development a private Postgres is a choice, not an accident.
EMBEDDED_POSTGRES_ALLOWED = env.bool("EMBEDDED_POSTGRES_ALLOWED", default=False)

# DATABASE_POOL_SIZE · connections per process · 16: as many as a worker has threads to use them.
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=16)

# DATABASE_POOL_TIMEOUT · seconds a request waits for a connection · 10: less than any client's own time-out.
DATABASE_POOL_TIMEOUT = env.int("DATABASE_POOL_TIMEOUT", default=10)

if DATABASE_URL:
    _database = dict(env.db_url_config(DATABASE_URL))
    if _database.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a Postgres: postgres://user:password@host:port/name.")
elif DEBUG or EMBEDDED_POSTGRES_ALLOWED:
    _database = {"ENGINE": "config.embedded_postgres", "NAME": "writeback"}
else:
    raise ImproperlyConfigured(
        "DATABASE_URL is not set, and the embedded Postgres is meant for development. "
        "Set DATABASE_URL, or EMBEDDED_POSTGRES_ALLOWED=1 if one machine's private Postgres is what you want."
    )

if _database.get("ATOMIC_REQUESTS"):
    # The engine owns its transaction: inside an outer one its 200 would be sent before anything is committed.
    raise ImproperlyConfigured("ATOMIC_REQUESTS cannot be used: a batch runs in one transaction of its own.")

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_database,
        # The pool keeps connections; Django's own persistence would leak one per thread beside it.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "pool": {
                "min_size": 1,
                "max_size": DATABASE_POOL_SIZE,
                "timeout": DATABASE_POOL_TIMEOUT,
                "reset": pool.reset,
            },
            # Time-outs are set per transaction by the engine: a session-level value would leak through the pool.
        },
    }
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "entities.User"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# In development files are served from the apps themselves; nobody runs collectstatic first.
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["sync.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    # No Accept header, however odd, may yield HTML or 406.
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "sync.api.negotiation.JsonOnly",
    # OPTIONS describes nothing; the OpenAPI document does.
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "sync.api.openapi.ProtocolSchema",
    "EXCEPTION_HANDLER": "sync.api.problems.exception_handler",
    "DEFAULT_VERSIONING_CLASS": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Write-back sync API",
    "VERSION": "1",
    "DESCRIPTION": "Uploads the queued writes of offline-first apps.",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": ["sync.api.openapi.add_components"],
    # The document names no secret, and a newcomer reads it before having an account.
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    # The viewer's files come from the wheel: the page works without a network.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Django's own cap on `request.body`, bytes. Above SYNC's limit: the API's own 413 tells its limits.
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024

# Read by `sync.conf`, where each name has its default, unit and reason.
SYNC: dict[str, Any] = {
    "ACTORS": "entities.accounts.actors.directory",
}

# TOKEN_KEYS · comma-separated kid:secret, secrets of 32 bytes or more · in development one made of SECRET_KEY, none in
# production. The first signs tokens, all verify: add a new key in second place, then move it to the first.
TOKEN_KEYS = env.list("TOKEN_KEYS", default=[])
if DEBUG and not TOKEN_KEYS:
    TOKEN_KEYS = ["development:" + hashlib.sha256(f"tokens {SECRET_KEY}".encode()).hexdigest()]

# TOKEN_ISSUERS · JSON list of {issuer, jwks_url, audience, algorithms, tenant_claim} · none: whose tokens are accepted
# beside our own.
TOKEN_ISSUERS = env.json("TOKEN_ISSUERS", default=[])

# Read by `sync.auth.conf`, where each name has its default, unit and reason.
SYNC_AUTH: dict[str, Any] = {
    "KEYS": TOKEN_KEYS,
    "ISSUERS": TOKEN_ISSUERS,
    # TOKEN_ISSUER, TOKEN_AUDIENCE · text · writeback: `iss` and `aud` of our tokens, apart for servers that share keys.
    "ISSUER": env.str("TOKEN_ISSUER", default="writeback"),
    "AUDIENCE": env.str("TOKEN_AUDIENCE", default="writeback"),
}

# CORS_ALLOWED_ORIGINS · comma-separated origins of browser apps · none.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_METHODS = ["GET", "POST", "OPTIONS"]
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "content-encoding",
    "prefer",
    "x-request-id",
    "traceparent",
    "idempotency-key",
]
CORS_EXPOSE_HEADERS = ["X-Sync-Rejected", "X-Request-ID", "Retry-After"]
# Seconds a browser may remember a preflight: a phone on a slow network pays for one a day.
CORS_PREFLIGHT_MAX_AGE = 86_400

# HTTPS_ONLY · flag · on in production: redirect, secure cookies and HSTS. Off for a server on a closed network.
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=not DEBUG)
# HSTS_SECONDS · seconds · one year: shorter while a domain is being moved.
HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000)
# TRUST_FORWARDED_PROTO · flag · off: only behind a proxy that sets (and strips) X-Forwarded-Proto.
TRUST_FORWARDED_PROTO = env.bool("TRUST_FORWARDED_PROTO", default=False)

SECURE_SSL_REDIRECT = HTTPS_ONLY
# A container's health check speaks plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_FORWARDED_PROTO else None
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
X_FRAME_OPTIONS = "DENY"

# LOG_LEVEL · DEBUG, INFO, WARNING, ERROR · INFO: one line per batch.
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = log.configure(level=LOG_LEVEL, readable=DEBUG)
