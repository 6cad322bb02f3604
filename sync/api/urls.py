"""The addresses of the API, relative to where a project mounts them."""

from __future__ import annotations

from uuid import UUID

from django.urls import path, re_path, register_converter
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from sync.api.auth import RefreshView, TokenView
from sync.api.batch import BatchView
from sync.api.limits import LimitsView
from sync.api.nowhere import NowhereView
from sync.api.operations import OperationView


class AnyCaseUUID:
    """A UUID as some phones write it, in capitals, too; Django's own converter knows lower case only."""

    regex = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> UUID:
        """The id in a path."""
        return UUID(value)

    def to_url(self, value: UUID | str) -> str:
        """The id in its canonical form."""
        return str(value).lower()


register_converter(AnyCaseUUID, "id")

urlpatterns = [
    path("auth/token", TokenView.as_view(), name="auth-token"),
    path("auth/refresh", RefreshView.as_view(), name="auth-refresh"),
    path("sync/batch", BatchView.as_view(), name="sync-batch"),
    path("sync/operations/<id:op_id>", OperationView.as_view(), name="sync-operation"),
    path("sync/limits", LimitsView.as_view(), name="sync-limits"),
    path("schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    # Last: what is not listed here is a problem in JSON too, with DEBUG as without.
    re_path("", NowhereView.as_view()),
]
