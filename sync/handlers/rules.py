"""Business rules: small functions that let a change pass or raise Reject.

Not here: the order of stages (the pipeline's), nor database constraints (the engine maps those).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sync.protocol.codes import Action

F = TypeVar("F", bound=Callable[..., None])

RULE_ACTIONS = "_sync_rule_actions"  # attribute that marks a rule: the actions it judges
UPGRADE_FROM = "_sync_upgrade_from"  # attribute that marks an upgrade: the schema version it lifts from


class Reject(Exception):
    """A rule said no: the operation is rejected with this code, and nothing of it is written.

    Shape: `code` is one of the handler's `codes`, or of the protocol's rejection codes (`forbidden`, `invalid`);
    `fields` is {column: message or messages}. `message` replaces the text declared with the code.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        fields: Mapping[str, str | Sequence[str]] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.fields = {
            name: (messages,) if isinstance(messages, str) else tuple(messages)
            for name, messages in (fields or {}).items()
        }


def rule(*actions: str) -> Callable[[F], F]:
    """Mark a method of a handler as a business rule for these actions.

    Rules run in the order they are written, after the stale-write resolver: `change.row` is the row as it will
    be. The method takes `(self, change)`, or `(self, change, figures)` to read what `prepare` returned.
    """
    judged = frozenset(Action(action) for action in actions)
    if not judged:
        raise ValueError('A rule names its actions: @rule("insert", "update").')

    def mark(function: F) -> F:
        setattr(function, RULE_ACTIONS, judged)
        return function

    return mark


def upgrade(*, from_version: int) -> Callable[[F], F]:
    """Mark a method `(self, action, payload) -> payload` that lifts a payload by one schema version.

    A version without such a method leaves the payload as it is.
    """

    def mark(function: F) -> F:
        setattr(function, UPGRADE_FROM, from_version)
        return function

    return mark
