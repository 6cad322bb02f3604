"""The two doors to drf-spectacular: how an operation is described, and what is added to the whole document.

Views of a project that are not the framework's own are described by drf-spectacular as usual.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.openapi import AutoSchema

from sync.api.openapi.components import components
from sync.api.openapi.entities import entity_components, operation_names
from sync.api.openapi.operations import described
from sync.handlers.base import EntityHandler
from sync.handlers.registry import registry

Json = dict[str, Any]


class ProtocolSchema(AutoSchema):
    """Describes the addresses of the protocol by hand, every other view as usual."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Json | None:
        """The OpenAPI operation of one method of one address."""
        own = described(path, method)
        if own is not None:
            return own
        usual: Json | None = super().get_operation(path, path_regex, path_prefix, method, registry)
        return usual


def add_components(result: Json, **_: Any) -> Json:
    """Postprocessing hook: the schemas that the hand-written operations refer to."""
    result["components"] = merged(result.get("components", {}), registry)
    return result


def merged(given: Json, handlers: Iterable[EntityHandler[Any]]) -> Json:
    """The components of drf-spectacular, with ours beside them."""
    known = list(handlers)
    schemas = {
        **given.get("schemas", {}),
        **components(known),
        **entity_components(known),
        "Operation": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in operation_names(known)]},
    }
    if not known:
        schemas["Operation"] = {"$ref": "#/components/schemas/Envelope"}
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        **given,
        "schemas": schemas,
        "securitySchemes": {**given.get("securitySchemes", {}), "bearer": bearer},
    }
