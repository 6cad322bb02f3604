"""The admin pages of operations: each queued write, and the verdict it got.

Staff with the view permission see the operations of all tenants (`readonly`).
Not here: what the page of one operation shows (`operation_page`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sync.admin import operation_page, search, text
from sync.admin.batches import client_link
from sync.admin.facts import LINE_COLUMNS
from sync.admin.filters import ActionFilter, CodeFilter, EntityFilter, ReplayedFilter, StatusFilter
from sync.admin.links import Links, page_of
from sync.admin.readonly import ReadOnlyAdmin
from sync.admin.verdicts import badge
from sync.models import SyncBatch, SyncOperation


@admin.register(SyncOperation)
class SyncOperationAdmin(ReadOnlyAdmin):
    """Where to look for a write that somebody misses."""

    list_display = (
        "received", "verdict", "reason", "entity_name", "action_name", "row_id", "operation_id",
        "client_page", "batch_page",
    )  # fmt: skip
    list_filter = (StatusFilter, EntityFilter, ActionFilter, ReplayedFilter, CodeFilter)
    search_fields = ("op_id",)  # shows the box; `named` decides what it finds
    search_help_text = "An op_id, entity id, client id, group id or request id, in full."

    @admin.display(description="received")
    def received(self, operation: SyncOperation) -> str:
        """When, to the second."""
        return text.second(operation.received_at)

    @admin.display(description="status")
    def verdict(self, operation: SyncOperation) -> SafeString:
        """The status; a repeat says so."""
        repeat = " replayed" if operation.replayed else ""
        return format_html("{}{}", badge(operation.status), repeat)

    @admin.display(description="code")
    def reason(self, operation: SyncOperation) -> str:
        """The code."""
        return text.shown(operation.code)

    @admin.display(description="entity")
    def entity_name(self, operation: SyncOperation) -> str:
        """The entity that the client named, whether it exists or not."""
        return text.shown(operation.entity, 24)

    @admin.display(description="action")
    def action_name(self, operation: SyncOperation) -> str:
        """The action that the client named."""
        return text.shown(operation.action, 24)

    @admin.display(description="entity id")
    def row_id(self, operation: SyncOperation) -> str:
        """The row."""
        return text.tail(operation.entity_id)

    @admin.display(description="op id")
    def operation_id(self, operation: SyncOperation) -> str:
        """The idempotency key."""
        return text.tail(operation.op_id)

    @admin.display(description="client")
    def client_page(self, operation: SyncOperation) -> SafeString | str:
        """The client, which need not exist."""
        return client_link(operation.client_id)

    @admin.display(description="batch")
    def batch_page(self, operation: SyncOperation) -> SafeString:
        """The batch it came in."""
        url, batch_id = page_of(SyncBatch, operation.batch_id), operation.batch_id
        return format_html('<a href="{}" title="{}">{}</a>', url, batch_id, text.tail(batch_id))

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncOperation]:
        """Without payloads and rows: a list of them would be megabytes."""
        operations: QuerySet[SyncOperation] = super().get_queryset(request)
        return operations.only(*LINE_COLUMNS)

    def named(self, term: str) -> Q:
        """By any id."""
        return search.operations_named(term)

    def page(self, row: SyncOperation, links: Links, request: HttpRequest) -> Mapping[str, Any]:
        """The verdict, what was sent beside what the server had, and everything around it."""
        return operation_page.context(row.pk, links)
