"""What the database and handlers say of an error holds values of rows: it goes into no answer, log line or journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from entities.accounts.models import Membership
from entities.sales.models import Customer
from sync.engine import attempts, reference
from sync.models import LedgerEntry, SyncOperation
from sync.protocol.outcome import refusal
from tests.factories import CustomerFactory
from tests.integration.engine.stage import Answer, Phone, customer, handled_by, on, raising, sql

pytestmark = pytest.mark.promise("P28")

CANARY = "canary-7391"
ELSEWHERE = "canary-of-another-row"


def _raise(kind: type[Exception]) -> Callable[[Any], None]:
    def hook(change: Any) -> None:
        raise kind(f"{change.row.tax_number} {ELSEWHERE}")

    return hook


# {what goes wrong: how}. Each has the canary in the text of its exception.
TROUBLE: dict[str, Callable[[Any], Any]] = {
    "a unique constraint": lambda change: sql(
        "INSERT INTO customers (id, business_id, name, tax_number) VALUES (gen_random_uuid(), %s, 'x', %s)",
        [change.row.business_id, CANARY],
    ),
    "a check": lambda change: Customer.objects.filter(pk=change.row.pk).update(credit_limit=-7391, notes=ELSEWHERE),
    "a cast": lambda change: sql("SELECT %s::int", [CANARY + ELSEWHERE]),
    "a statement that does not exist": lambda change: sql(f'SELECT "{CANARY}" FROM "{ELSEWHERE}"'),
    "passing trouble": raising("40001", CANARY + ELSEWHERE),
    "a bug of the handler": _raise(RuntimeError),
    "a value of the handler": _raise(TypeError),
}


def _upload(phone: Phone, trouble: Callable[[Any], Any]) -> Answer:
    with handled_by(after=on("bad", trouble)):
        return phone.send(customer("bad", tax_number=CANARY), customer("good"))


def _everything_told(answer: Answer, log_text: str) -> str:
    errors = [
        *SyncOperation.objects.values_list("error", flat=True),
        *LedgerEntry.objects.values_list("error", flat=True),
    ]
    return json.dumps([answer.body, answer.headers, errors, log_text])


@pytest.mark.parametrize("kind", TROUBLE)
def test_the_text_of_an_error_is_told_to_nobody(
    phone: Phone, kind: str, log_text: Callable[[], str], sync_settings: Callable[..., None]
) -> None:
    """Neither the client's own value nor that of another row: the code and the columns say what to mend."""
    sync_settings(ATTEMPTS=2)
    told = _everything_told(_upload(phone, TROUBLE[kind]), log_text())
    told = json.dumps([told, log_text()])
    assert "batch" in told
    assert CANARY not in told
    assert ELSEWHERE not in told
    assert "7391" not in told


def test_a_failure_is_logged_with_its_kind_and_place(phone: Phone, log_text: Callable[[], str]) -> None:
    """Enough to find the bug."""
    answer = _upload(phone, TROUBLE["a bug of the handler"])
    line = next(json.loads(line) for line in log_text().splitlines() if "operation failed" in line)
    assert (line["error"], line["entity"], line["op_id"]) == ("RuntimeError", "customers", answer.results[0]["op_id"])
    assert "test_leaks.py" in line["trace"]


@pytest.mark.parametrize("where", ["answer", "log line", "log line of a batch given up"])
def test_an_engine_that_repeats_the_text_is_noticed(
    phone: Phone,
    where: str,
    monkeypatch: pytest.MonkeyPatch,
    log_text: Callable[[], str],
    sync_settings: Callable[..., None],
) -> None:
    """The planted bugs: str(error) in the answer, or in a log line."""
    sync_settings(ATTEMPTS=1)
    if where == "answer":
        monkeypatch.setattr(
            reference.constraints, "outcome_of", lambda error, *_: refusal("invalid", message=str(error))
        )
        kind = "a unique constraint"
    else:
        module, kind = (reference, "a bug of the handler") if where == "log line" else (attempts, "passing trouble")
        monkeypatch.setattr(module, "trace_of", lambda error: {"error": str(error)})
    answer = _upload(phone, TROUBLE[kind])
    assert CANARY in _everything_told(answer, log_text())


def test_a_unique_violation_names_the_winner_only_inside_the_callers_scope(phone: Phone, member: Membership) -> None:
    """The id of the row that has the value, and nothing else of it."""
    winner = CustomerFactory(business=member.business, tax_number=CANARY, notes=ELSEWHERE)
    answer = phone.send(customer("twin", tax_number=CANARY))
    error = answer.results[0]["error"]
    assert (error["duplicate_of"], list(error["fields"])) == (str(winner.pk), ["tax_number"])
    assert ELSEWHERE not in json.dumps(answer.body)


def test_callbacks_that_fail_after_the_commit_tell_nothing_either(phone: Phone, log_text: Callable[[], str]) -> None:
    """on_commit and after_commit have the row in their hands."""

    def fail(change: Any) -> None:
        transaction.on_commit(lambda: _raise(RuntimeError)(change))

    def after_commit(self: Any, changes: Any) -> None:
        _raise(ValueError)(changes[0])

    with handled_by(after=fail, after_commit=after_commit):
        answer = phone.send(customer("one", tax_number=CANARY))
    assert answer.statuses == ["applied"]
    assert "an on_commit callback failed" in log_text()
    assert "after_commit failed" in log_text()
    assert CANARY not in log_text()
    assert ELSEWHERE not in log_text()
