"""Answers for a request as a whole, when there is no verdict for its operations.

Source: RFC 9457 (problem details). Every problem carries a stable `code`; `detail` is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.protocol.codes import ProblemCode
from sync.protocol.limits import Limits


class Problem(Exception):
    """Nothing of the request was executed, or nothing is known to be lost; the code says what to do.

    Shape: `pointer` is an RFC 6901 JSON pointer into the request, `extra` more members for the problem object,
    `retry_after` is in seconds.
    """

    def __init__(
        self,
        status: int,
        code: ProblemCode,
        detail: str,
        *,
        pointer: str | None = None,
        retry_after: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.retry_after = retry_after
        self.extra = dict(extra or {})

    def as_json(self, *, request_id: str | None = None) -> dict[str, Any]:
        """The members of the problem object."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "code": str(self.code),
            "detail": self.detail,
        }
        if self.pointer is not None:
            body["pointer"] = self.pointer
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        if request_id is not None:
            body["request_id"] = request_id
        return body | self.extra


def malformed(detail: str, *, pointer: str = "") -> Problem:
    """The body is not a batch; `pointer` says where."""
    return Problem(400, ProblemCode.MALFORMED, detail, pointer=pointer)


def too_large(detail: str, limits: Limits) -> Problem:
    """The request is over a limit; the limits are in the answer."""
    return Problem(413, ProblemCode.TOO_LARGE, detail, extra={"limits": limits.as_json()})
