"""The answer to one operation, and to a batch of them.

Not here: JSON (`answer`), storage (the journal).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sync.protocol.canonical import as_text
from sync.protocol.codes import CODES, Retry, Status
from sync.protocol.values import legible

PublishedRow = Mapping[str, Any]  # {column: JSON value}, spelled as in payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """Why an operation was not applied, for people (`message`) and for forms (`fields`)."""

    message: str
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)  # {column or envelope field: messages}
    caused_by: Any = None  # op_id of the operation that made this one fail
    duplicate_of: str | None = None  # id of the row that holds the unique values

    def as_json(self) -> dict[str, Any]:
        """Only what is set, and fit for every store: names of fields and echoes come from clients, and may hold
        what text columns cannot.
        """
        detail: dict[str, Any] = {"message": legible(self.message)}
        if self.fields:
            detail["fields"] = {legible(name): list(map(legible, said)) for name, said in self.fields.items()}
        if self.caused_by is not None:
            # Of an operation whose op_id is unusable it is whatever was sent, spelled as text.
            is_text = isinstance(self.caused_by, str)
            detail["caused_by"] = legible(self.caused_by if is_text else as_text(self.caused_by))
        if self.duplicate_of is not None:
            detail["duplicate_of"] = self.duplicate_of
        return detail

    @classmethod
    def from_json(cls, detail: Mapping[str, Any]) -> ErrorDetail:
        """The inverse of `as_json`, for a verdict read from the ledger or the log."""
        return cls(
            message=detail["message"],
            fields=detail.get("fields", {}),
            caused_by=detail.get("caused_by"),
            duplicate_of=detail.get("duplicate_of"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRow:
    """The row as the server has it; `row` is None when it is a tombstone."""

    version: int
    row: PublishedRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to one operation."""

    status: Status
    code: str | None = None
    retry: Retry = Retry.NEVER
    replayed: bool = False
    changed: bool = False
    version: int | None = None
    txid: int | None = None
    error: ErrorDetail | None = None
    server: ServerRow | None = None
    row: PublishedRow | None = None

    @property
    def is_applied(self) -> bool:
        """Whether its effect stands."""
        return self.status is Status.APPLIED

    def as_replay(self) -> Outcome:
        """The same verdict, given once more."""
        return replace(self, replayed=True)


def refusal(code: str, *, message: str | None = None, retry: Retry | None = None, **detail: Any) -> Outcome:
    """The outcome of a protocol code that means *not applied*.

    `detail` are fields of `ErrorDetail`. A code that is not in CODES is a KeyError: the list is closed.
    """
    known = CODES[code]
    return Outcome(
        status=known.status,
        code=code,
        retry=retry or known.retry,
        error=ErrorDetail(message=message or known.message, **detail),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """The answer to a batch: one outcome for each operation, in request order."""

    outcomes: tuple[Outcome, ...]
    txid: int | None  # this request's transaction, when it changed a published row
    server_time: datetime | None = None

    @property
    def txids(self) -> list[int]:
        """Every transaction a client must see to have all applied operations of this answer."""
        return sorted({o.txid for o in self.outcomes if o.is_applied and o.txid is not None})

    @property
    def summary(self) -> dict[str, int]:
        """Outcomes by status; a replay counts under its status and again under `replayed`."""
        counted = Counter(outcome.status for outcome in self.outcomes)
        summary = {str(status): counted[status] for status in Status}
        return summary | {"replayed": sum(outcome.replayed for outcome in self.outcomes)}

    @property
    def not_applied(self) -> int:
        """How many operations are not applied."""
        return sum(not outcome.is_applied for outcome in self.outcomes)
