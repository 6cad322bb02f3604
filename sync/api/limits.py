"""GET /api/sync/limits: what one request may hold, so that an app can cut its queue to size."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sync.conf import conf
from sync.handlers.registry import registry

PROTOCOL_VERSION = 1


class LimitsView(APIView):
    """The limits in force, the schema version of today, and the entities that accept writes."""

    def get(self, request: Request) -> Response:
        """Answer the limits."""
        return Response(
            {
                **conf().limits.as_json(),
                "protocol": PROTOCOL_VERSION,
                "schema_version": conf().SCHEMA_VERSION,
                "entities": sorted(handler.entity for handler in registry),
            }
        )
