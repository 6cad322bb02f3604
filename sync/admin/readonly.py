"""ReadOnlyAdmin: pages of rows that tell what happened, and that nobody changes.

Whoever has Django's view permission sees the rows of **all tenants**: the log is for the staff of the server, not
for the managers of one tenant. Nobody adds, changes or deletes, superusers included.
Not here: what the pages show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from sync.admin.filters import OptionsFilter
from sync.admin.links import Links, list_of, page_of
from sync.admin.text import NOTHING, shown

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(_ModelAdmin):
    """A list, a search box and a page per row. A subclass says what a term finds, and what the page shows."""

    actions = None
    empty_value_display = NOTHING
    list_filter: ClassVar[tuple[type[OptionsFilter], ...]] = ()
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count for each choice is a scan for each choice
    sortable_by = ()  # by the indexes' own order only

    # -- what a subclass says ------------------------------------------------------------------------------

    def named(self, term: str) -> Q:
        """Rows that a search term names."""
        raise NotImplementedError

    def page(self, row: Any, links: Links, request: HttpRequest) -> Mapping[str, Any]:
        """The context of a row's page: `title` and what its template reads."""
        raise NotImplementedError

    # -- what a person may do ------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The engine writes these rows, nobody else."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened does not change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """How long rows are kept is no matter of single rows."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The filters' own parameters: any other condition in an address could scan a large table."""
        return lookup in {each.parameter_name for each in self.list_filter}

    # -- the pages -----------------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Exact matches. A term that names nothing finds nothing."""
        term = search_term.strip()
        return (queryset.filter(self.named(term)) if term else queryset), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one row, without a form."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        row: Any = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None:
            return self._missing(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            **self.page(row, Links(self.admin_site, request), request),
            **(extra_context or {}),
        }
        template = f"admin/{self.opts.app_label}/{self.opts.model_name}/detail.html"
        return TemplateResponse(request, template, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Rows that nobody changes have no history of changes: back to the row."""
        return redirect(page_of(self.model, unquote(object_id)))

    def _missing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        name = f"{self.opts.verbose_name} {shown(unquote(object_id))}"
        self.message_user(request, f"There is no {name}.", messages.WARNING)
        return redirect(list_of(self.model))
