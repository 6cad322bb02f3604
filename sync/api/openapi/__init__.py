"""The OpenAPI document: what this API takes and answers, with the payload of every registered entity.

It is written by hand where it repeats the wire protocol, and made from the registry and the lists of codes
where those are the source. Not here: serving it (`sync.api.urls`).
"""

from sync.api.openapi.schema import ProtocolSchema, add_components

__all__ = ["ProtocolSchema", "add_components"]
