"""The admin pages of clients: installations of an app, each with its user's queue.

Staff with the view permission see the clients of all tenants (`readonly`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Q, Sum
from django.http import HttpRequest
from django.utils.safestring import SafeString

from sync.admin import search, text
from sync.admin.batches import counts_of
from sync.admin.facts import Fact, fact, user_fact
from sync.admin.links import Links
from sync.admin.readonly import ReadOnlyAdmin
from sync.admin.verdicts import COUNTS, count_badges, css_class
from sync.models import SyncBatch, SyncClient, SyncOperation
from sync.protocol.codes import Status

RECENT = 20  # batches on the page of a client


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """A batch in a table."""

    received: str
    url: str | None
    outcome: str
    mark: str
    verdicts: SafeString


@admin.register(SyncClient)
class SyncClientAdmin(ReadOnlyAdmin):
    """Who uploads, since when, and whether their clock is right."""

    list_display = ("client_id", "user_name", "last_seen", "first_seen", "schema_version", "clock")
    list_select_related = ("user",)
    search_fields = ("id",)  # shows the box; `named` decides what it finds
    search_help_text = "A client id or user id in full, or the beginning of a user name."

    @admin.display(description="client id")
    def client_id(self, client: SyncClient) -> str:
        """Its own id."""
        return str(client.pk)

    @admin.display(description="user")
    def user_name(self, client: SyncClient) -> str:
        """Whose queue it is."""
        return text.shown(client.user)

    @admin.display(description="last seen")
    def last_seen(self, client: SyncClient) -> str:
        """Its last batch."""
        return text.second(client.last_seen_at)

    @admin.display(description="first seen")
    def first_seen(self, client: SyncClient) -> str:
        """Its first batch."""
        return text.second(client.first_seen_at)

    @admin.display(description="clock")
    def clock(self, client: SyncClient) -> str:
        """How far its clock is from ours."""
        return text.clock_offset(client.clock_offset_ms)

    def named(self, term: str) -> Q:
        """By id, or by user."""
        return search.clients_named(term)

    def page(self, row: SyncClient, links: Links, request: HttpRequest) -> Mapping[str, Any]:
        """The client, what it was answered in all, and its last batches; those for people who may see batches."""
        context: dict[str, Any] = {
            "title": f"Client of {text.shown(row.user)}",
            "facts": _facts(row, links),
            "operations_url": links.search(SyncOperation, row.pk),
            "batches_url": links.search(SyncBatch, row.pk),
        }
        if links.may_view(SyncBatch):
            recent = row.batches.order_by("-received_at", "-id")[:RECENT]
            context |= {
                "counts": _counts(row),
                "batches": [_batch_line(batch, links) for batch in recent],
            }
        return context


def _facts(client: SyncClient, links: Links) -> list[Fact]:
    return [
        fact("Client id", client.pk),
        user_fact(client.user, client.user_id, links),
        fact("Tenant", client.tenant_id, note="Of its last batch."),
        fact("First seen", text.moment(client.first_seen_at)),
        fact("Last seen", text.moment(client.last_seen_at)),
        fact("Schema version", client.schema_version, note="What its last batch was built for."),
        fact("Clock", text.clock_offset(client.clock_offset_ms), note="Compared with ours, at its last batch."),
    ]


def _counts(client: SyncClient) -> SafeString:
    """Answers by status, summed over batches: a hundred times fewer rows than operations. Index: sync_batch_client."""
    sums = client.batches.aggregate(**{f"{name}_sum": Sum(name, default=0) for name in COUNTS})
    return count_badges({name: sums[f"{name}_sum"] for name in COUNTS})


def _batch_line(batch: SyncBatch, links: Links) -> BatchLine:
    is_aborted = batch.state == SyncBatch.State.ABORTED
    return BatchLine(
        received=text.second(batch.received_at),
        url=links.to(SyncBatch, batch.pk),
        outcome=f"{batch.http_status} {text.shown(batch.code)}" if is_aborted else str(batch.http_status),
        mark=css_class(Status.FAILED) if is_aborted else "",
        verdicts=count_badges(counts_of(batch)),
    )
