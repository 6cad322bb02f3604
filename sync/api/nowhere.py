"""The answer at every address under the API that is none."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.views import APIView


class NowhereView(APIView):
    """404 for every method and every caller: there is nothing here to be authenticated for."""

    authentication_classes = ()
    permission_classes = ()
    schema = None  # not an address to document

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """End every request before a method is looked for."""
        raise Http404
