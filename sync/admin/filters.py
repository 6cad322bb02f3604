"""Filters of the lists: closed lists of choices, so that nothing typed into an address reaches the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from sync.admin.verdicts import NO_VERDICT, known_codes
from sync.handlers.registry import registry
from sync.models import SyncBatch
from sync.protocol.codes import Action, ProblemCode, Status

NOT_APPLIED = [str(status) for status in Status if status is not Status.APPLIED]

Options = Mapping[str, tuple[str, Q]]  # {value in the address: (label, condition)}


class OptionsFilter(admin.SimpleListFilter):
    """A filter by one of a few conditions. A value that is none of them filters nothing."""

    def options(self) -> Options:
        """What can be chosen beside "All"."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices, for the page."""
        return [(value, label) for value, (label, _) in self.options().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        chosen = self.options().get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen[1])


class StateFilter(OptionsFilter):
    """Batches that have verdicts, or none."""

    title = "state"
    parameter_name = "state"

    def options(self) -> Options:
        """The states of a batch."""
        return {value: (str(label), Q(state=value)) for value, label in SyncBatch.State.choices}


class VerdictsFilter(OptionsFilter):
    """Batches by what is in them."""

    title = "verdicts"
    parameter_name = "verdicts"

    def options(self) -> Options:
        """Each kind of verdict that may need a person, and all of them together."""
        kinds = {name: (f"some {name}", Q(**{f"{name}__gt": 0})) for name in (*NOT_APPLIED, "replayed")}
        some = Q(*((f"{name}__gt", 0) for name in NOT_APPLIED), _connector=Q.OR)
        every = Q(state=SyncBatch.State.COMPLETED) & ~some
        return {"trouble": ("something not applied", some), **kinds, "applied": ("everything applied", every)}


class ProblemFilter(OptionsFilter):
    """Aborted batches by their reason."""

    title = "code"
    parameter_name = "code"

    def options(self) -> Options:
        """The codes of problems."""
        return {code: (code, Q(code=code)) for code in ProblemCode}


class ReceivedFilter(OptionsFilter):
    """Recent batches."""

    title = "received"
    parameter_name = "received"

    def options(self) -> Options:
        """Spans that end now."""
        spans = (("hour", 1), ("day", 24), ("week", 7 * 24))
        now = datetime.now(UTC)
        return {
            name: (f"in the last {name}", Q(received_at__gte=now - timedelta(hours=hours))) for name, hours in spans
        }


class StatusFilter(OptionsFilter):
    """Operations by verdict."""

    title = "status"
    parameter_name = "status"

    def options(self) -> Options:
        """The statuses; all that are not applied; those of aborted batches, which have none."""
        statuses = {str(status): (str(status), Q(status=status)) for status in Status}
        trouble = {"trouble": ("not applied", Q(status__in=NOT_APPLIED))}
        return {**trouble, **statuses, "none": (NO_VERDICT, Q(status=None))}


class CodeFilter(OptionsFilter):
    """Operations by code."""

    title = "code"
    parameter_name = "code"

    def options(self) -> Options:
        """The protocol's codes and the domains'."""
        return {code: (code, Q(code=code)) for code in known_codes()}


class EntityFilter(OptionsFilter):
    """Operations by entity."""

    title = "entity"
    parameter_name = "entity"

    def options(self) -> Options:
        """The registered entities; whatever else clients named is one choice."""
        known = [handler.entity for handler in registry]
        return {
            **{f"is:{entity}": (entity, Q(entity=entity)) for entity in known},
            "unknown": ("unknown to the server", ~Q(entity__in=known)),
        }


class ActionFilter(OptionsFilter):
    """Operations by action."""

    title = "action"
    parameter_name = "action"

    def options(self) -> Options:
        """The three actions; whatever else clients named is one choice."""
        known = [str(action) for action in Action]
        return {
            **{action: (action, Q(action=action)) for action in known},
            "unknown": ("unknown to the server", ~Q(action__in=known)),
        }


class ReplayedFilter(OptionsFilter):
    """First answers, or repeats of them."""

    title = "replayed"
    parameter_name = "replayed"

    def options(self) -> Options:
        """Yes or no."""
        return {"yes": ("a repeat", Q(replayed=True)), "no": ("the first answer", Q(replayed=False))}
