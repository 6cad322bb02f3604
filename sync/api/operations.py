"""GET /api/sync/operations/{op_id}: the verdict of one operation, for a client that lost an answer."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from sync.api.authentication import actor_of
from sync.engine.fresh import with_fresh_rows
from sync.journal import ledger, log
from sync.protocol import answer
from sync.protocol.codes import ProblemCode
from sync.protocol.outcome import Outcome
from sync.protocol.problems import Problem

Verdict = tuple[str, UUID | None, Outcome]  # (entity, entity_id, outcome)


class OperationView(APIView):
    """The stored verdict of the caller's tenant, with fresh rows in the caller's scope."""

    def get(self, request: Request, op_id: UUID) -> HttpResponse:
        """Answer one bare result object. Errors: Problem 404 for an operation never heard of."""
        actor = actor_of(request)
        verdict = _from_ledger(actor.tenant_id, op_id) or _from_log(actor.tenant_id, op_id)
        if verdict is None:
            raise Problem(404, ProblemCode.NOT_FOUND, "There is no verdict on this op_id. Send the operation.")
        entity, entity_id, _ = verdict
        (outcome,) = with_fresh_rows([verdict], actor)
        asked = answer.Remembered(
            op_id=str(op_id), entity=entity or None, entity_id=str(entity_id) if entity_id else None
        )
        body = answer.result_object(asked, outcome)
        response = HttpResponse(answer.encode(body), content_type="application/json")
        response["Cache-Control"] = "no-store"
        return response


def _from_ledger(tenant_id: UUID, op_id: UUID) -> Verdict | None:
    entry = ledger.recall(tenant_id, [op_id]).get(op_id)
    return (entry.entity, entry.entity_id, entry.outcome.as_replay()) if entry else None


def _from_log(tenant_id: UUID, op_id: UUID) -> Verdict | None:
    logged = log.last_verdict(tenant_id, op_id)
    return (logged.entity, logged.entity_id, logged.outcome) if logged else None
