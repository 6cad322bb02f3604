"""One box that finds by any id: what a term may name, as conditions on single columns.

A UUID is compared with every column that holds one, anything else with request ids, and always exactly: nothing
here scans texts. Each column is asked by itself first: to an OR of them all Postgres reads the table in the order
of the list and filters (0.3 s for one of a million operations; 0.01 s by their indexes).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

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
    conditions = [Q(batch_id__in=_batches_of_request(term, found))]
    if found is not None:
        columns = ("op_id", "entity_id", "client_id", "group_id", "batch_id")
        conditions += [Q(**{column: found}) for column in columns]
    return _met(SyncOperation.objects, conditions)


def batches_named(term: str) -> Q:
    """Batches by request id, our id or the client's, client, or an operation in them."""
    found = as_uuid(term)
    conditions = [Q(request_id__in=_spellings(term, found))]
    if found is not None:
        holding = SyncOperation.objects.filter(op_id=found).order_by("-id").values_list("batch_id", flat=True)[:MOST]
        conditions += [Q(pk=found), Q(batch_id=found), Q(client_id=found), Q(pk__in=list(holding))]
    return _met(SyncBatch.objects, conditions)


def clients_named(term: str) -> Q:
    """Clients by their id, by their user's, or by the beginning of the user's name."""
    found = as_uuid(term)
    if found is not None:
        return Q(pk=found) | Q(user_id=found)
    return Q(**{f"user__{get_user_model().USERNAME_FIELD}__istartswith": term})


def _met(rows: Any, conditions: Iterable[Q]) -> Q:
    """Those of the conditions that some row meets, mostly one."""
    met = [condition for condition in conditions if rows.filter(condition).exists()]
    return reduce(or_, met) if met else Q(pk__in=())


def _batches_of_request(term: str, found: UUID | None) -> list[UUID]:
    """Index: sync_batch_request."""
    batches: QuerySet[SyncBatch] = SyncBatch.objects.filter(request_id__in=_spellings(term, found))
    return list(batches.values_list("pk", flat=True)[:MOST])


def _spellings(term: str, found: UUID | None) -> set[str]:
    """A request id that is a UUID was kept as it was spelled."""
    return {term} if found is None else {term, str(found)}
