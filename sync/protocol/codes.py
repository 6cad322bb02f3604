"""The closed list of statuses, codes and retry words, and what each code says to a person.

Not here: when a code is given (that is the pipeline's and the engine's business), nor the codes a domain adds
(those stand on its handlers, `EntityHandler.codes`).

Source: the wire protocol, tables "status" and "code".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What an operation does to its row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class Status(StrEnum):
    """The verdict on one operation."""

    APPLIED = "applied"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def is_kept(self) -> bool:
        """Whether the ledger remembers it: a repeat then gets this verdict instead of a second execution."""
        return self in _KEPT


_KEPT = frozenset({Status.APPLIED, Status.CONFLICT, Status.REJECTED})


class Retry(StrEnum):
    """What the client should do with the operation now."""

    NEVER = "never"
    LATER = "later"
    AFTER_FIX = "after_fix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A stable reason. `message` is for people and may change; `name` may not."""

    name: str
    status: Status
    retry: Retry
    message: str


def _codes(*rows: tuple[str, Status, Retry, str]) -> dict[str, Code]:
    return {name: Code(name=name, status=status, retry=retry, message=message) for name, status, retry, message in rows}


# {name: Code}, in the order of the protocol's table
CODES = _codes(
    ("merged", Status.APPLIED, Retry.NEVER, "The row had changed meanwhile; this write found its place in it."),
    ("unchanged", Status.APPLIED, Retry.NEVER, "The row already was that way."),
    ("superseded", Status.APPLIED, Retry.NEVER, "Every field of this write lost to a later write."),
    ("already_gone", Status.APPLIED, Retry.NEVER, "There is no such row to delete."),
    ("stale_version", Status.CONFLICT, Retry.AFTER_FIX, "Someone else changed the row since base_version."),
    ("gone", Status.CONFLICT, Retry.AFTER_FIX, "The row has been deleted."),
    ("already_exists", Status.CONFLICT, Retry.AFTER_FIX, "A row with this id exists already."),
    ("invalid", Status.REJECTED, Retry.AFTER_FIX, "The operation is not well formed; see fields."),
    ("unknown_field", Status.REJECTED, Retry.AFTER_FIX, "The payload names columns that clients cannot write."),
    ("base_version_required", Status.REJECTED, Retry.AFTER_FIX, "Send the version of the row that was edited."),
    ("not_found", Status.REJECTED, Retry.AFTER_FIX, "There is no such row."),
    ("reference_not_found", Status.REJECTED, Retry.AFTER_FIX, "A row that this one refers to does not exist."),
    ("has_children", Status.REJECTED, Retry.AFTER_FIX, "Other rows still refer to this one; delete them first."),
    ("unique_violation", Status.REJECTED, Retry.AFTER_FIX, "Another row has these values already."),
    ("check_violation", Status.REJECTED, Retry.AFTER_FIX, "The row would break a rule of the database."),
    ("forbidden", Status.REJECTED, Retry.AFTER_FIX, "You may not do this."),
    ("operation_id_reused", Status.REJECTED, Retry.NEVER, "This op_id was used for an operation with other content."),
    ("unknown_entity", Status.REJECTED, Retry.NEVER, "No such entity accepts writes here."),
    ("unknown_action", Status.REJECTED, Retry.NEVER, "The action is not one of insert, update and delete."),
    ("id_unavailable", Status.REJECTED, Retry.NEVER, "This id cannot be used; make a new one."),
    ("dependency_failed", Status.SKIPPED, Retry.AFTER_FIX, "An operation that this one needs was not applied."),
    ("group_failed", Status.SKIPPED, Retry.AFTER_FIX, "Another operation of the same group was not applied."),
    ("upgrade_required", Status.SKIPPED, Retry.AFTER_FIX, "Payloads of this schema_version are no longer understood."),
    (
        "not_attempted",
        Status.SKIPPED,
        Retry.LATER,
        "This is more than one batch may hold or take; send this operation again.",
    ),
    ("internal_error", Status.FAILED, Retry.LATER, "The server had trouble with this operation; send it again later."),
)


class ProblemCode(StrEnum):
    """Reasons why a request as a whole got no verdicts (RFC 9457 problem answers)."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a code, not a secret
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - a code, not a secret
    FORBIDDEN = "forbidden"
    CLIENT_OWNER_MISMATCH = "client_owner_mismatch"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    IN_FLIGHT = "in_flight"
    TOO_LARGE = "too_large"
    TRY_LATER = "try_later"
    INTERNAL_ERROR = "internal_error"
