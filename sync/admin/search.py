"""One box that finds by any id: what a term may name, as conditions on indexed columns.

A UUID is compared with every column that holds one, anything else with request ids, and always exactly: nothing
here scans texts. Ids are looked up first where a subquery inside an OR would keep Postgres from its indexes.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q

from sync.models import SyncBatch, SyncOperation

MOST = 1000  # batches that one id leads to; a request id that a client sends with everything names many


def as_uuid(term: str) -> UUID | None:
    """The UUID that a term spells, in any of its forms."""
    try:
        return UUID(term)
    except ValueError:
        return None


def operations_named(term: str) -> Q:
    """Operations by op_id, row, client, group, request id, or the id of their batch."""
    found = as_uuid(term)
    named = Q(batch_id__in=_batches_of_request(term, found))
    if found is not None:
        named |= Q(op_id=found) | Q(entity_id=found) | Q(client_id=found) | Q(group_id=found) | Q(batch_id=found)
    return named


def batches_named(term: str) -> Q:
    """Batches by request id, our id or the client's, client, or an operation in them."""
    found = as_uuid(term)
    if found is None:
        return Q(request_id=term)
    holding = SyncOperation.objects.filter(op_id=found).order_by("-id").values_list("batch_id", flat=True)[:MOST]
    return (
        Q(request_id__in={term, str(found)})
        | Q(pk=found)
        | Q(batch_id=found)
        | Q(client_id=found)
        | Q(pk__in=list(holding))
    )


def clients_named(term: str) -> Q:
    """Clients by their id, by their user's, or by the beginning of the user's name."""
    found = as_uuid(term)
    if found is not None:
        return Q(pk=found) | Q(user_id=found)
    return Q(**{f"user__{get_user_model().USERNAME_FIELD}__istartswith": term})


def _batches_of_request(term: str, found: UUID | None) -> list[UUID]:
    """Index: sync_batch_request. A request id that is a UUID was kept as it was spelled."""
    spellings = {term} if found is None else {term, str(found)}
    batches = SyncBatch.objects.filter(request_id__in=spellings).order_by("-received_at", "-id")
    return list(batches.values_list("pk", flat=True)[:MOST])
