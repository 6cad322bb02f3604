"""POST /api/sync/batch: who is calling, how big is the body, and the answer; everything between is the engine's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from django.db import Error as DatabaseError
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from sync.api.authentication import actor_of
from sync.api.body import read_body
from sync.api.middleware import ids_of
from sync.api.problems import as_problem
from sync.auth.credentials import Credentials
from sync.conf import conf
from sync.engine.engine import SyncEngine
from sync.journal import log as journal
from sync.journal.log import Receipt
from sync.protocol import answer
from sync.protocol.actor import Actor
from sync.protocol.envelope import read_batch
from sync.protocol.ids import uuid7
from sync.protocol.operation import Batch
from sync.protocol.outcome import BatchResult
from sync.protocol.problems import Problem

log = structlog.get_logger(__name__)


class BatchView(APIView):
    """Upload a queue of operations. 200 whenever there is a verdict for every one of them."""

    def post(self, request: Request) -> HttpResponse:
        """Run the batch. The token was verified before this; the body has not been touched yet."""
        upload = _Upload(request)
        try:
            result = upload.process()
        except Exception as error:
            upload.log_aborted(as_problem(error))
            raise
        upload.log_completed(result)
        return _respond(upload, result)


class _Upload:
    """One request on its way through: what is known of it so far, for the answer and for the log."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.ids = ids_of(request)
        self.prefer = _preferences(request.headers.get("Prefer", ""))
        self.started = time.monotonic()
        self.received_at = datetime.now(UTC)
        self.actor: Actor | None = None
        self.batch: Batch | None = None
        self.engine: SyncEngine | None = None
        self.batch_pk = uuid7()

    def process(self) -> BatchResult:
        self.actor = actor_of(self.request)
        self.batch = self._read()
        representation = self.prefer.get("return") == "representation"
        self.engine = SyncEngine(self.actor, self._receipt(), representation=representation)
        return self.engine.process(self.batch)

    def log_completed(self, result: BatchResult) -> None:
        """One line per batch: ids, counts, milliseconds; never a value of a field."""
        assert self.batch is not None
        log.info("batch", **self._names(), txid=result.txid, operations=len(result.outcomes), **result.summary)

    def log_aborted(self, problem: Problem) -> None:
        """A row in the log and a line, also when nothing was executed. A database that is down gets the line only.

        The queue of somebody who lost their membership is kept with its payloads: an admin may want it.
        """
        if self.actor is None:
            with suppress(Problem):
                self.batch = self._read()
        try:
            journal.aborted(self._receipt(), self.batch, problem, attempts=self._attempts())
        except DatabaseError as error:
            log.error("aborted batch not logged", error=type(error).__name__)
        log.warning("batch aborted", **self._names(), status=problem.status, code=str(problem.code))

    def _read(self) -> Batch:
        limits = conf().limits
        body = read_body(self.request._request, limits)
        return read_batch(body, limits=limits, received_at=self.received_at)

    def _receipt(self) -> Receipt:
        credentials = self.request.auth
        assert isinstance(credentials, Credentials)
        return Receipt(
            batch_pk=self.batch_pk,
            request_id=self.ids.request_id,
            traceparent=self.ids.traceparent,
            received_at=self.received_at,
            user_id=self.actor.user_id if self.actor is not None else credentials.user_id,
            tenant_id=self.actor.tenant_id if self.actor is not None else credentials.tenant_id,
            started=self.started,
        )

    def _attempts(self) -> int:
        return self.engine.attempts.count if self.engine is not None else 0

    def _names(self) -> dict[str, object]:
        return {
            "batch": str(self.batch_pk),
            "client": str(self.batch.client_id) if self.batch is not None else None,
            "user": str(self.actor.user_id) if self.actor is not None else None,
            "tenant": str(self.actor.tenant_id) if self.actor is not None else None,
            "attempts": self._attempts(),
            "milliseconds": round((time.monotonic() - self.started) * 1000),
        }


def _respond(upload: _Upload, result: BatchResult) -> HttpResponse:
    assert upload.batch is not None
    body = answer.encode(answer.render(upload.batch, result, request_id=upload.ids.request_id))
    is_strict = upload.prefer.get("handling") == "strict"
    response = HttpResponse(
        body, status=409 if is_strict and result.not_applied else 200, content_type="application/json"
    )
    response["X-Sync-Rejected"] = str(result.not_applied)
    response["Cache-Control"] = "no-store"
    if applied := [name for name in ("return", "handling") if name in upload.prefer]:
        response["Preference-Applied"] = ", ".join(f"{name}={upload.prefer[name]}" for name in applied)
    return response


_KNOWN = {
    ("return", "representation"),
    ("return", "minimal"),
    ("handling", "strict"),
    ("handling", "lenient"),
}


def _preferences(header: str) -> Mapping[str, str]:
    """{preference: value} of those we know; the first of a kind counts. Source: RFC 7240."""
    found: dict[str, str] = {}
    for part in header.split(","):
        name, _, value = part.split(";")[0].partition("=")
        preference = (name.strip().lower(), value.strip().strip('"').lower())
        if preference in _KNOWN:
            found.setdefault(*preference)
    return found
