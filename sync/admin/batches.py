"""The admin pages of batches: requests to upload, each with its operations in order.

Staff with the view permission see the batches of all tenants (`readonly`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sync.admin import search, text
from sync.admin.facts import LINE_COLUMNS, Fact, fact, lines, user_fact
from sync.admin.filters import ProblemFilter, ReceivedFilter, StateFilter, VerdictsFilter
from sync.admin.links import Links, page_of
from sync.admin.readonly import ReadOnlyAdmin
from sync.admin.verdicts import COUNTS, count_badges, css_class
from sync.models import SyncBatch, SyncClient, SyncOperation
from sync.protocol.codes import Status

OPERATIONS_PER_PAGE = 500


@admin.register(SyncBatch)
class SyncBatchAdmin(ReadOnlyAdmin):
    """What was uploaded, by whom, and what became of it."""

    list_display = (
        "received", "user_name", "client_page", "outcome", "verdicts", "took", "attempts", "txid", "request",
    )  # fmt: skip
    list_filter = (ReceivedFilter, StateFilter, VerdictsFilter, ProblemFilter)
    search_fields = ("request_id",)  # shows the box; `named` decides what it finds
    search_help_text = "A request id, batch id, client id or op_id, in full."

    @admin.display(description="received")
    def received(self, batch: SyncBatch) -> str:
        """When, to the second."""
        return text.second(batch.received_at)

    @admin.display(description="user")
    def user_name(self, batch: SyncBatch) -> str:
        """Who; the end of the id of a user who is gone."""
        return text.tail(batch.user_id) if batch.user is None else text.shown(batch.user)

    @admin.display(description="client")
    def client_page(self, batch: SyncBatch) -> SafeString | str:
        """The client, which need not exist."""
        return client_link(batch.client_id)

    @admin.display(description="outcome")
    def outcome(self, batch: SyncBatch) -> SafeString:
        """The HTTP status, and for an aborted batch its reason."""
        if batch.state == SyncBatch.State.COMPLETED:
            return format_html("{}", batch.http_status)
        reason = f"{batch.http_status} {text.shown(batch.code)}"
        return format_html('<span class="sync-badge {}">{}</span>', css_class(Status.FAILED), reason)

    @admin.display(description="verdicts")
    def verdicts(self, batch: SyncBatch) -> SafeString:
        """How many operations have each status."""
        return count_badges(counts_of(batch))

    @admin.display(description="took")
    def took(self, batch: SyncBatch) -> str:
        """How long it ran."""
        return text.milliseconds(batch.duration_ms)

    @admin.display(description="request id")
    def request(self, batch: SyncBatch) -> str:
        """The name under which it stands in log files."""
        return text.tail(batch.request_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncBatch]:
        """With the user, by an outer join: one who is gone is None then, where a look-up would fail."""
        batches: QuerySet[SyncBatch] = super().get_queryset(request)
        return batches.select_related("user")

    def named(self, term: str) -> Q:
        """By any id."""
        return search.batches_named(term)

    def page(self, row: SyncBatch, links: Links, request: HttpRequest) -> Mapping[str, Any]:
        """The batch, then its operations; those only for people who may see operations."""
        context: dict[str, Any] = {
            "title": f"Batch of {text.second(row.received_at)}",
            "verdict": _verdict(row),
            "counts": count_badges(counts_of(row)),
            "facts": _facts(row, links),
        }
        if links.may_view(SyncOperation):
            operations = row.operations.only(*LINE_COLUMNS).order_by("position")
            part = Paginator(operations, OPERATIONS_PER_PAGE).get_page(request.GET.get("page"))
            context |= {"part": part, "operations": lines(part.object_list, links)}
        return context


def counts_of(batch: SyncBatch) -> dict[str, int]:
    """{status: operations of the batch that have it}, and how many are repeats."""
    return {name: getattr(batch, name) for name in COUNTS}


def client_link(client_id: UUID | None) -> SafeString | str:
    """The end of a client's id, with a link to its page."""
    if client_id is None:
        return text.NOTHING
    url = page_of(SyncClient, client_id)
    return format_html('<a href="{}" title="{}">{}</a>', url, client_id, text.tail(client_id))


def _verdict(batch: SyncBatch) -> Fact:
    """The batch in one sentence."""
    if batch.state == SyncBatch.State.ABORTED:
        note = f"HTTP {batch.http_status} {text.shown(batch.code)}. Nothing of it was executed."
        return fact("State", "aborted", mark=css_class(Status.FAILED), note=note)
    executed = "Every operation has a verdict."
    written = "It wrote rows." if batch.txid is not None else "It wrote no rows."
    return fact("State", "completed", mark=css_class(Status.APPLIED), note=f"{executed} {written}")


def _facts(batch: SyncBatch, links: Links) -> list[Fact]:
    offset = text.clock_offset(batch.clock_offset_ms)
    return [
        user_fact(batch.user, batch.user_id, links),
        fact("Client", batch.client_id, url=links.to(SyncClient, batch.client_id)),
        fact("Tenant", batch.tenant_id),
        fact("Received", text.moment(batch.received_at)),
        fact("Sent, by the client's clock", text.moment(batch.sent_at), note=f"Clock offset: {offset}."),
        fact("Took", text.milliseconds(batch.duration_ms)),
        fact("Attempts", batch.attempts, note="How often the transaction was tried."),
        fact("txid", batch.txid, note="The transaction that readers see on the replication stream."),
        fact("Operations", batch.operation_count, note="Atomic: all or none." if batch.atomic else ""),
        fact("Schema version", batch.schema_version),
        fact("Request id", batch.request_id),
        fact("traceparent", batch.traceparent),
        fact("Batch id of the client", batch.batch_id),
        fact("Batch id of ours", batch.pk),
    ]
