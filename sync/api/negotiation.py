"""JSON is what this API speaks: the Accept header is not asked, so it can neither yield HTML nor a 406."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JsonOnly(BaseContentNegotiation):
    """Take the first renderer and the first parser of the view, whatever the client asks for."""

    def select_parser(self, _request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """The view's own parser: clients send JSON under many content types."""
        return next(iter(parsers))

    def select_renderer(
        self, _request: Request, renderers: Iterable[BaseRenderer], _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The view's own renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type
