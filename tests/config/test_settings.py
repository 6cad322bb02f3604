"""The settings as a fresh process reads them: what is refused, what overrides what, and what production looks like."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "a-long-random-text-that-only-this-test-knows-0123456789",
    "DATABASE_URL": "postgres://app:secret@db.example.org:6432/shop",
    "ALLOWED_HOSTS": "app.example.org",
    "TOKEN_KEYS": "first:0123456789abcdef0123456789abcdef0123456789abcdef",
}


def test_a_server_without_any_configuration_is_not_in_debug_mode() -> None:
    """It stops, and says which setting is missing and what a developer does."""
    error = _refusal({"DEBUG": "0"})
    assert "SECRET_KEY is not set" in error
    assert "DEBUG=1" in error


def test_the_embedded_postgres_is_refused_in_production() -> None:
    """A forgotten DATABASE_URL must not start an empty database beside the real one."""
    error = _refusal({**PRODUCTION, "DATABASE_URL": ""})
    assert "DATABASE_URL is not set" in error
    assert "EMBEDDED_POSTGRES_ALLOWED=1" in error


def test_the_embedded_postgres_may_be_allowed_in_production() -> None:
    """One machine with its own Postgres is a choice."""
    shown = _shown({**PRODUCTION, "DATABASE_URL": "", "EMBEDDED_POSTGRES_ALLOWED": "1"}, "DATABASES")
    assert shown["default"]["ENGINE"] == "config.embedded_postgres"


def test_database_url_overrides_the_embedded_postgres() -> None:
    """Also in development: tests run on any Postgres."""
    database = _shown({**PRODUCTION, "DEBUG": "1"}, "DATABASES")["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example.org", 6432, "shop")
    assert database["OPTIONS"]["pool"]["max_size"] == 16
    assert database["CONN_MAX_AGE"] == 0


def test_options_of_the_database_url_are_kept_beside_the_pool() -> None:
    """`sslmode` of a managed Postgres arrives at the driver."""
    url = PRODUCTION["DATABASE_URL"] + "?sslmode=require"
    options = _shown({**PRODUCTION, "DATABASE_URL": url}, "DATABASES")["default"]["OPTIONS"]
    assert options["sslmode"] == "require"
    assert "pool" in options


def test_another_database_than_postgres_is_refused() -> None:
    """The engine speaks Postgres only."""
    assert "must name a Postgres" in _refusal({**PRODUCTION, "DATABASE_URL": "sqlite:///db.sqlite3"})


def test_atomic_requests_is_refused() -> None:
    """Inside an outer transaction a 200 would go out before anything is committed."""
    url = PRODUCTION["DATABASE_URL"] + "?ATOMIC_REQUESTS=True"
    assert "ATOMIC_REQUESTS" in _refusal({**PRODUCTION, "DATABASE_URL": url})


def test_production_passes_the_deployment_check() -> None:
    """`check --deploy` has no warning left."""
    result = _run(PRODUCTION, "-m", "django", "check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr


def test_production_logs_one_json_line_per_event() -> None:
    """Machines read it: every line stands for itself, traces included."""
    code = """
import django; django.setup()
import logging, structlog
structlog.get_logger("sync.engine").info("batch", operations=3)
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("django.request").exception("trouble")
"""
    lines = [json.loads(line) for line in _run(PRODUCTION, "-c", code).stderr.splitlines()]
    assert lines[0] == {
        "event": "batch",
        "operations": 3,
        "level": "info",
        "logger": "sync.engine",
        "timestamp": lines[0]["timestamp"],
    }
    assert "ZeroDivisionError" in lines[1]["exception"]


def test_browser_apps_reach_the_api_only_from_listed_origins() -> None:
    """None are listed until somebody does; the admin is never opened to other origins."""
    origins = {**PRODUCTION, "CORS_ALLOWED_ORIGINS": "https://a.example.org,https://b.example.org"}
    assert _shown(PRODUCTION, "CORS_ALLOWED_ORIGINS") == []
    assert _shown(origins, "CORS_ALLOWED_ORIGINS") == ["https://a.example.org", "https://b.example.org"]
    assert _shown(origins, "CORS_URLS_REGEX") == "^/api/.*$"


def test_the_development_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    """Tokens outlive a restart, and every worker signs with the same key."""
    from config.secret import development_key

    first = development_key(tmp_path / "key")
    assert len(first) >= 50
    assert development_key(tmp_path / "key") == first
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def _run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    # Only what a process needs to run: nothing of this machine's own configuration.
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    defaults = {"DATABASE_URL": "", "SECRET_KEY": "", "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**kept, **defaults, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _refusal(environment: dict[str, str]) -> str:
    result = _run(environment, "-c", "import config.settings")
    assert result.returncode != 0
    return result.stderr.strip().splitlines()[-1]


def _shown(environment: dict[str, str], name: str) -> Any:
    code = f"import json, config.settings as s; print(json.dumps(s.{name}, default=repr))"
    result = _run(environment, "-c", code)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
