"""Which statements a handler may not run."""

import pytest

from sync.engine.session import _COMMENTS, _FORBIDDEN


def is_forbidden(sql: str) -> bool:
    return _FORBIDDEN.search(_COMMENTS.sub(" ", sql)) is not None


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        " commit work",
        "/* x */ COMMIT",
        "-- x\nROLLBACK",
        "UPDATE t SET a = 1; COMMIT",
        "ROLLBACK AND CHAIN",
        "END",
        "ABORT",
        "BEGIN",
        "START TRANSACTION",
        "PREPARE TRANSACTION 'x'",
        "SET search_path = x",
        "SET SESSION statement_timeout = 0",
        "RESET ALL",
        "DISCARD ALL",
        "SELECT set_config('sync.tenant', 'x', false)",
        "LISTEN x",
    ],
)
def test_ending_the_transaction_or_setting_the_session_is_forbidden(sql):
    """In any spelling, behind comments and other statements."""
    assert is_forbidden(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        'SAVEPOINT "s1"',
        'RELEASE SAVEPOINT "s1"',
        'ROLLBACK TO SAVEPOINT "s1"',
        "ROLLBACK TO s1",
        "SET LOCAL lock_timeout = '1s'",
        "SET CONSTRAINTS ALL DEFERRED",
        "SELECT set_config('my.setting', 'x', true)",
        'UPDATE "sales" SET "status" = %s',
        'SELECT "committed", "beginning" FROM t',
    ],
)
def test_savepoints_and_local_settings_are_welcome(sql):
    """Nested atomic() works inside a handler."""
    assert not is_forbidden(sql)
