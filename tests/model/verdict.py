"""What is answered to one operation, and which status and retry belong to each code."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

STATUS = {
    None: "applied",
    **dict.fromkeys(("merged", "unchanged", "superseded", "already_gone"), "applied"),
    **dict.fromkeys(("stale_version", "gone", "already_exists"), "conflict"),
    **dict.fromkeys(("dependency_failed", "group_failed", "upgrade_required", "not_attempted"), "skipped"),
}
NEVER = {"operation_id_reused", "unknown_entity", "unknown_action", "id_unavailable"}
KEPT = {"applied", "conflict", "rejected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one operation. Row contents are compared by the rows themselves, not here."""

    status: str
    code: str | None
    retry: str
    changed: bool = False
    version: int | None = None
    fields: frozenset[str] | None = None  # None: the protocol does not say which are named
    caused_by: Any = None
    duplicate_of: str | None = None
    replayed: bool = field(default=False)

    @property
    def is_applied(self) -> bool:
        """Whether its effect is committed."""
        return self.status == "applied"

    @property
    def is_kept(self) -> bool:
        """Whether the ledger remembers it. The first answer of a used op_id stays."""
        return self.status in KEPT and self.code != "operation_id_reused"


def applied(code: str | None, *, version: int | None, changed: bool) -> Verdict:
    """The operation did its work, or there was none to do."""
    return Verdict(status="applied", code=code, retry="never", version=version, changed=changed)


def refused(code: str, **more: Any) -> Verdict:
    """Any other code of the table: its status and retry follow from it."""
    status = STATUS.get(code, "rejected")
    retry = "never" if code in NEVER else "later" if code == "not_attempted" else "after_fix"
    return Verdict(status=status, code=code, retry=retry, **more)


class Refusal(Exception):
    """The first failure of an operation on its way."""

    def __init__(self, code: str, *, is_for_later: bool = False, **more: Any) -> None:
        super().__init__(code)
        verdict = refused(code, **more)
        self.verdict = replace(verdict, retry="later") if is_for_later else verdict
