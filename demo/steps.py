"""The words a scenario is written in: operations, the verdicts they must get, and the scenes they stand in.

Not here: the story itself (`scenario`), and comparing (`checker`). Nothing of this knows the server's code: what is
expected is spelled out from the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

_NAMES = UUID("5a1e5000-0000-4000-8000-000000000000")

# The phone puts the id of its own user here: it knows it from its token.
ME = "$me"


def id_of(name: str) -> str:
    """The same id for the same name on every run, so that a run can be compared with the one before."""
    return str(uuid5(_NAMES, name))


# -- what a phone sends ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An operation without its op_id and time, which its step gives it."""

    entity: str
    action: str
    row: str  # the name of a row; its id is made of it
    payload: Mapping[str, Any] = field(default_factory=dict)
    base_version: int | None = None


def insert(entity: str, row: str, **payload: Any) -> Sent:
    """A new row."""
    return Sent(entity=entity, action="insert", row=row, payload=payload)


def update(entity: str, row: str, base_version: int | None, **payload: Any) -> Sent:
    """Changed columns of a row, as the phone last saw it."""
    return Sent(entity=entity, action="update", row=row, payload=payload, base_version=base_version)


def delete(entity: str, row: str, base_version: int) -> Sent:
    """The end of a row, as the phone last saw it."""
    return Sent(entity=entity, action="delete", row=row, base_version=base_version)


# -- what it must be answered ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the answer to one operation must say. What is None or empty here must be null or absent there."""

    status: str
    code: str | None
    retry: str
    changed: bool = False
    version: int | None = None
    replayed: bool = False
    fields: frozenset[str] = frozenset()  # the columns that `error.fields` names, all of them
    caused_by: str | None = None  # what the user did in the step that is to blame
    duplicate_of: str | None = None  # the name of the row that holds the unique values
    row: Mapping[str, Any] | None = None  # columns of the row that comes along; others may be there too
    server_version: int | None = None
    server_row: Mapping[str, Any] | None = None  # columns of the server's row; None with a version: it is deleted


def applied(version: int, code: str | None = None, **row: Any) -> Verdict:
    """Written: the row has this version now. A merged row comes along."""
    return Verdict(status="applied", code=code, retry="never", changed=True, version=version, row=row or None)


def nothing_to_write(code: str, version: int | None = None, **row: Any) -> Verdict:
    """Applied, and no published column changed."""
    return Verdict(status="applied", code=code, retry="never", version=version, row=row or None)


def conflict(code: str, *fields: str, version: int, **server_row: Any) -> Verdict:
    """Refused because of the row as it is on the server, which comes along."""
    return Verdict(
        status="conflict",
        code=code,
        retry="after_fix",
        fields=frozenset(fields),
        server_version=version,
        server_row=server_row or None,
    )


def rejected(code: str, *fields: str, retry: str = "after_fix", duplicate_of: str | None = None) -> Verdict:
    """Refused because of the operation itself."""
    return Verdict(status="rejected", code=code, retry=retry, fields=frozenset(fields), duplicate_of=duplicate_of)


def skipped(code: str, *, caused_by: str) -> Verdict:
    """Not executed because of another step."""
    return Verdict(status="skipped", code=code, retry="after_fix", caused_by=caused_by)


# -- the story ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a user did, and the verdict it must get."""

    did: str  # in plain words; unique in a scenario, because the op_id is made of it
    sent: Sent
    must_be: Verdict
    _: KW_ONLY
    minutes_ago: int = 0  # before the phone uploads, by a clock that is right
    group: str | None = None
    repeats: str | None = None  # another step, whose op_id this one uses again

    @property
    def op_id(self) -> str:
        """The idempotency key."""
        return op_id_of(self.repeats or self.did)

    def as_note(self) -> dict[str, Any]:
        """What the phone writes into its queue; the time it adds itself, by its own clock."""
        sent = self.sent
        return {
            "minutes_ago": self.minutes_ago,
            "operation": {
                "op_id": self.op_id,
                "entity": sent.entity,
                "action": sent.action,
                "entity_id": id_of(sent.row),
                **({"payload": dict(sent.payload)} if sent.action != "delete" else {}),
                **({"base_version": sent.base_version} if sent.base_version is not None else {}),
                **({"sync_group_id": id_of(f"group {self.group}")} if self.group else {}),
            },
        }


def op_id_of(did: str) -> str:
    """The op_id of the step that did this."""
    return id_of(f"operation {did}")


class Network(StrEnum):
    """What becomes of an upload."""

    GOOD = "good"
    ANSWER_LOST = "answer lost"  # the line drops when the answer arrives; then the phone sends it all again, gzipped
    APP_CRASHES = "app crashes"  # the answer is read but not saved; then the phone sends it all again, gzipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """Somebody's installation of the app."""

    user: str
    clock_ahead_minutes: int = 0  # how wrong its clock is

    @property
    def client_id(self) -> str:
        """This user's queue on this phone."""
        return id_of(f"phone of {self.user}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One upload of one phone: what its user did since the last one."""

    title: str
    phone: Phone
    steps: Sequence[Step | str]  # a text is a heading in the report
    network: Network = Network.GOOD

    @property
    def queue(self) -> list[Step]:
        """The operations, in order."""
        return [step for step in self.steps if isinstance(step, Step)]
