"""EntityHandler: what an app author writes to let clients write one kind of row.

Not here: how its parts are called (the pipeline), checked at start-up (`sync.checks`) or found (the registry).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model, QuerySet

from sync.handlers.change import Change, M
from sync.handlers.resolution import Resolver
from sync.handlers.rules import RULE_ACTIONS, UPGRADE_FROM
from sync.handlers.scope import Scope
from sync.models import SyncedModel
from sync.protocol.actor import Actor
from sync.protocol.codes import Action

Rule = Callable[..., None]
ParentQuery = Callable[[Actor], QuerySet[Any]]
H = TypeVar("H", bound="type[EntityHandler[Any]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundRule:
    """A rule of one handler class, ready to be called."""

    name: str
    actions: Set[Action]
    reads_figures: bool


class EntityHandler(Generic[M]):
    """One kind of row that clients may write. Deny by default: only the columns in `writes` can be set.

    A subclass states `entity`, `model`, `writes` and `scope`; the rest has a default. Structure (types, lengths,
    required columns) comes from the model's fields and their validators.
    """

    entity: ClassVar[str]  # wire name; the table clients read
    model: type[M]
    writes: ClassVar[tuple[str, ...]]  # columns a client may set, in the order they are published
    scope: ClassVar[Scope]
    last_write_wins: ClassVar[Set[str]] = frozenset()  # columns whose clash goes to the later time
    blind_writes: ClassVar[bool] = False  # accept updates and deletes without a base_version
    codes: ClassVar[Mapping[str, str]] = {}  # {code a rule may reject with: message for people}
    parents: ClassVar[Mapping[str, ParentQuery]] = {}  # {FK column: rows an actor may refer to}; see parent_query
    guards: ClassVar[tuple[str, ...]] = ()  # columns, or paths such as "sale.customer_id", whose rows are locked
    oldest_schema_version: ClassVar[int] = 1  # payloads older than this cannot be lifted any more

    resolver: ClassVar[Resolver | None] = None  # decides stale writes in place of the default one

    rules: ClassVar[tuple[BoundRule, ...]] = ()
    upgrades: ClassVar[Mapping[int, str]] = {}  # {schema version: name of the method that lifts from it}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        marked = _marked_methods(cls)
        cls.rules = tuple(
            BoundRule(
                name=name,
                actions=getattr(function, RULE_ACTIONS),
                reads_figures=len(inspect.signature(function).parameters) > 2,
            )
            for name, function in marked.items()
            if hasattr(function, RULE_ACTIONS)
        )
        cls.upgrades = {
            getattr(function, UPGRADE_FROM): name
            for name, function in marked.items()
            if hasattr(function, UPGRADE_FROM)
        }

    # -- what a domain may add ---------------------------------------------------------------------------------

    def prepare(self, changes: Sequence[Change[M]]) -> Any:
        """Figures that the rules read: one query for all changes of a run. None when no rule needs any."""
        return None

    def spend(self, change: Change[M], figures: Any) -> None:
        """Note in the figures what this change uses up. Called once for a change that passed every rule."""

    def insert(self, change: Change[M]) -> None:
        """Write a new row. While it is not overridden, the engine may write many with one statement."""
        change.row.save(force_insert=True)

    def update(self, change: Change[M]) -> None:
        """Write the changed columns of a row."""
        change.row.save(force_update=True, update_fields=[*sorted(change.fields), *BOOKKEEPING])

    def delete(self, change: Change[M]) -> None:
        """Leave a tombstone; the engine has set `deleted_at`."""
        change.row.save(force_update=True, update_fields=["deleted_at", *BOOKKEEPING])

    def after_commit(self, changes: Sequence[Change[M]]) -> None:
        """Called once after the commit with the changes that were written, in order; never on a replay.

        It runs in the request, so long work belongs in a queue. An error here is logged and changes no verdict.
        """

    # -- what the engine asks ----------------------------------------------------------------------------------

    def scoped(self, actor: Actor) -> QuerySet[M]:
        """The rows of the actor, tombstones too."""
        return self.model._default_manager.filter(**self.scope.values(actor))

    def rules_for(self, action: Action) -> list[tuple[Rule, bool]]:
        """The rules for this action in the order they are written: (bound method, whether it reads figures)."""
        return [(getattr(self, r.name), r.reads_figures) for r in self.rules if action in r.actions]

    def lift(self, action: Action, payload: Mapping[str, Any], from_version: int, to_version: int) -> Mapping[str, Any]:
        """The payload of an old app in today's shape."""
        for version in range(from_version, to_version):
            if name := self.upgrades.get(version):
                payload = getattr(self, name)(action, dict(payload))
        return payload


BOOKKEEPING = ("version", "field_versions", "updated_at", "write_id")


def is_overridden(handler: EntityHandler[Any], method: str) -> bool:
    """Whether a handler brings its own version of a method: then the engine must call it, change by change."""
    return getattr(type(handler), method) is not getattr(EntityHandler, method)


def is_synced(model: type[Model]) -> bool:
    """Whether clients may see rows of this model come and go."""
    return issubclass(model, SyncedModel)


def _marked_methods(cls: type) -> dict[str, Any]:
    """{name: function} of all rules and upgrades, base classes first, each class in the order it is written."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if hasattr(value, RULE_ACTIONS) or hasattr(value, UPGRADE_FROM):
                found[name] = value
            else:
                found.pop(name, None)  # overridden by something that is no rule
    return found
