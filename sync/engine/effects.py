"""After the commit: handlers hear of the changes that were written, once, in order.

Not here: work that must survive a crash of this process; a handler puts that into a queue of its own, in the
transaction or from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from sync.engine.errors import trace_of
from sync.handlers.base import EntityHandler, is_overridden
from sync.handlers.change import Change

log = structlog.get_logger(__name__)

Written = tuple[EntityHandler[Any], Change[Any]]


def run(written: Sequence[Written]) -> None:
    """Call each handler's `after_commit` with its changes.

    The verdicts stand whatever happens here: an error is logged with its trace and the next handler is called.
    """
    by_handler: dict[EntityHandler[Any], list[Change[Any]]] = {}
    for handler, change in written:
        by_handler.setdefault(handler, []).append(change)
    for handler, changes in by_handler.items():
        if not is_overridden(handler, "after_commit"):
            continue
        try:
            handler.after_commit(changes)
        except Exception as error:  # noqa: BLE001 - a bug of a domain; its text may hold values of rows
            log.error("after_commit failed", entity=handler.entity, changes=len(changes), **trace_of(error))
