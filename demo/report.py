"""What a run looks like on a terminal: a table for each upload, and at the end what was right or wrong.

Not here: judging (`checker`).
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from demo.checker import Difference
from demo.steps import Scene, Step, id_of

WIDTH = 110
# №, group, what the user did, operation, verdict, code, retry, mark
ROW = "{:>2} {} {:<36}  {:<20}  {:<8}  {:<21}  {:<9}  {}"
HEADINGS = ROW.format("№", " ", "what the user did", "operation", "verdict", "code", "retry", "").rstrip()
DETAIL_INDENT = " " * 7

BOLD, DIM, GREEN, RED = "1", "2", "32", "31"


class Report:
    """Prints a run as it happens, and keeps count."""

    def __init__(self) -> None:
        self._has_colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._numbers: dict[str, int] = {}  # {what the user did: №}
        self._named: dict[str, str] = {}  # {op_id: what the user did}
        self._inserted: dict[str, int] = {}  # {row id: № of the step that made it}
        self._differences: list[Difference] = []
        self.statuses: Counter[str] = Counter()

    @property
    def is_as_expected(self) -> bool:
        """Whether nothing has differed so far."""
        return not self._differences

    def line(self, text: str = "", style: str = "") -> None:
        """One line."""
        print(self._styled(text, style), flush=True)

    def scene(self, scene: Scene) -> None:
        """Open a scene."""
        clock = scene.phone.clock_ahead_minutes
        wrong = f", its clock {clock} minutes fast" if clock else ""
        self.line()
        self.line(f"── {scene.title} ".ljust(WIDTH, "─"), BOLD)
        many = f"{len(scene.queue)} operation{'s' * (len(scene.queue) > 1)}"
        self.line(f"   {scene.phone.user}'s phone{wrong}; one POST /api/sync/batch of {many}", DIM)
        for step in scene.queue:
            self._numbers[step.did] = len(self._numbers) + 1
            self._named.setdefault(step.op_id, step.did)

    def verdicts(self, scene: Scene, answer: Mapping[str, Any], differences: Sequence[Difference]) -> None:
        """The table of an upload, and the line below it."""
        self._differences += differences
        results = iter((answer["body"] or {}).get("results", ()) if answer["status"] == 200 else ())
        wrong = {difference.where for difference in differences}
        self.line()
        self.line(HEADINGS, DIM)
        queue = scene.queue
        for step in scene.steps:
            if isinstance(step, str):
                self.line(f"     {step}", BOLD)
            else:
                self._row(step, next(results, {}), _bracket(queue, queue.index(step)), is_right=step.did not in wrong)
        self._below(answer, is_right=scene.title not in wrong)
        self._explain(differences)

    def remark(self, text: str, differences: Sequence[Difference]) -> None:
        """Something that was seen besides verdicts, and whether it is as it must be."""
        self._differences += differences
        self.line(f"    {text}".ljust(WIDTH - 1) + self._mark(is_right=not differences))
        self._explain(differences)

    def _row(self, step: Step, result: Mapping[str, Any], bracket: str, *, is_right: bool) -> None:
        number = self._numbers[step.did]
        self.statuses[result.get("status", "no verdict")] += 1
        if step.sent.action == "insert" and result.get("status") == "applied":
            self._inserted[id_of(step.sent.row)] = number
        mark = self._mark(is_right=is_right)
        code, retry = result.get("code") or "", result.get("retry", "")
        operation = f"{step.sent.action} {step.sent.entity}"
        self.line(ROW.format(number, bracket, step.did, operation, result.get("status", "–"), code, retry, mark))
        for line in textwrap.wrap(" · ".join(self._details(step, result)), WIDTH - len(DETAIL_INDENT)):
            self.line(DETAIL_INDENT + line, DIM)

    def _details(self, step: Step, result: Mapping[str, Any]) -> Iterable[str]:
        """What the answer says beyond the code, in words."""
        error = result.get("error") or {}
        for message, names in _by_message(error.get("fields", {})).items():
            yield f"{', '.join(names)}: {message}"
        if caused_by := error.get("caused_by"):
            yield f"because of № {self._numbers.get(self._named.get(caused_by, ''), caused_by)}"
        if duplicate_of := error.get("duplicate_of"):
            yield f"taken by the row of № {self._inserted.get(duplicate_of, duplicate_of)}"
        if row := result.get("row"):
            yield f"the row is now version {row['version']}: {_spelled(step.must_be.row, row)}"
        if server := result.get("server"):
            row = server["row"]
            what = _spelled(step.must_be.server_row, row) if row else "deleted"
            yield f"the server has version {server['version']}: {what}"

    def _below(self, answer: Mapping[str, Any], *, is_right: bool) -> None:
        body = answer["body"] or {}
        counted = " · ".join(f"{n} {status}" for status, n in body.get("summary", {}).items() if n)
        self.line(f"    {answer['status']} · {counted}".ljust(WIDTH - 1) + self._mark(is_right=is_right))
        txid, txids, request_id = (body.get(name) for name in ("txid", "txids", "request_id"))
        self.line(f"    txid {txid or 'null: nothing written now'} · txids {txids} · request id {request_id}", DIM)

    def _explain(self, differences: Sequence[Difference]) -> None:
        for difference in differences:
            self.line(f"      ✗ {difference.where}: {difference.what}", RED)
            self.line(f"          expected {difference.expected!r}", RED)
            self.line(f"          answered {difference.answered!r}", RED)

    def _mark(self, *, is_right: bool) -> str:
        return self._styled("✓", GREEN) if is_right else self._styled("✗", RED)

    def _styled(self, text: str, style: str) -> str:
        return f"\033[{style}m{text}\033[0m" if style and text and self._has_colours else text


def _bracket(queue: Sequence[Step], position: int) -> str:
    """The part of the bracket around a group that belongs to this line."""
    group = queue[position].group
    if group is None:
        return " "
    is_first = position == 0 or queue[position - 1].group != group
    is_last = position == len(queue) - 1 or queue[position + 1].group != group
    return "┌" if is_first else "└" if is_last else "│"


def _by_message(fields: Mapping[str, Sequence[str]]) -> Mapping[str, list[str]]:
    """{message: columns}: what is wrong with several columns alike is said once."""
    columns: dict[str, list[str]] = {}
    for name, messages in fields.items():
        columns.setdefault(" and ".join(messages), []).append(name)
    return columns


def _spelled(columns: Mapping[str, Any] | None, row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {row.get(name)!r}" for name in columns or ("name",))
