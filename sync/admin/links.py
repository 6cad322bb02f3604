"""Links: from one admin page to another, for a person who may open it."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse


class Links:
    """Addresses for the person of one request. None where there is no page, or none for them."""

    def __init__(self, site: AdminSite, request: HttpRequest) -> None:
        self._site = site
        self._request = request

    def may_view(self, model: type[Model]) -> bool:
        """Whether the person may see rows of this model."""
        if not self._site.is_registered(model):
            return False
        return bool(self._site.get_model_admin(model).has_view_or_change_permission(self._request))

    def to(self, model: type[Model], pk: int | str | UUID | None) -> str | None:
        """The page of one row. Nobody has looked whether the row is there."""
        return page_of(model, pk) if pk is not None and self.may_view(model) else None

    def search(self, model: type[Model], term: object) -> str | None:
        """The list of rows that a term names."""
        if term is None or not self.may_view(model):
            return None
        return f"{list_of(model)}?{urlencode({'q': str(term)})}"


def page_of(model: type[Model], pk: int | str | UUID) -> str:
    """The address of a row's page."""
    return reverse(_name(model, "change"), args=(quote(pk),))


def list_of(model: type[Model]) -> str:
    """The address of the list of a model's rows."""
    return reverse(_name(model, "changelist"))


def _name(model: type[Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
