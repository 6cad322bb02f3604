"""Compares answers with what a scenario expects of them, and says each difference in words.

It is strict: whatever an expectation leaves empty must be null or absent in the answer.
Not here: sending (`play`), and printing (`report`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from demo.steps import Scene, Step, Verdict, id_of, op_id_of

KEPT = {"applied", "conflict", "rejected"}  # what the server remembers and repeats
STATUSES = (*sorted(KEPT), "skipped", "failed")
MISSING, NUMBER = "missing", "a number"
CLOCK_TOLERANCE_MS = 30_000  # a busy machine may keep a request waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something in an answer is not as it must be."""

    where: str  # what the user did, or the upload as a whole
    what: str  # the key in the answer
    expected: Any
    answered: Any


def check_first(scene: Scene, answer: Mapping[str, Any]) -> list[Difference]:
    """The answer to a queue that the server has not seen before."""
    return _check(scene, answer, [step.must_be for step in scene.queue])


def check_repeat(scene: Scene, answer: Mapping[str, Any]) -> list[Difference]:
    """The answer to the same queue sent again: what the server keeps comes back, marked as a replay.

    What it skipped it judges once more, to the same end.
    """
    return _check(scene, answer, [_repeated(step.must_be) for step in scene.queue])


def check_same(scene: Scene, first: Mapping[str, Any], again: Mapping[str, Any]) -> list[Difference]:
    """The answer to a repeat says what the first one said; rows in it are read fresh and may be newer."""
    names = ("status", "code", "retry", "changed", "version", "txid", "error")
    differences = [
        Difference(where=step.did, what=f"{name}, sent again", expected=one.get(name), answered=other.get(name))
        for step, one, other in _side_by_side(scene, first, again)
        for name in names
        if one.get(name) != other.get(name)
    ]
    differences += [
        Difference(where=step.did, what="replayed", expected=one["status"] in KEPT, answered=other.get("replayed"))
        for step, one, other in _side_by_side(scene, first, again)
        if other.get("replayed") is not (one["status"] in KEPT)
    ]
    return [*differences, *_whole(scene, again, [_repeated(step.must_be) for step in scene.queue])]


def check_asked(scene: Scene, answer: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Difference]:
    """The verdict that was asked for is the one that the upload's repeat got for its first operation."""
    results = (answer["body"] or {}).get("results", [None])
    pairs = {"HTTP status, asked for": (200, asked["status"]), "result, asked for": (results[0], asked["body"])}
    return _differing(scene.queue[0].did, pairs)


def _side_by_side(scene: Scene, *answers: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    return zip(scene.queue, *((answer["body"] or {}).get("results", ()) for answer in answers), strict=False)


def _repeated(verdict: Verdict) -> Verdict:
    return replace(verdict, replayed=verdict.status in KEPT)


def _check(scene: Scene, answer: Mapping[str, Any], verdicts: Sequence[Verdict]) -> list[Difference]:
    whole = _whole(scene, answer, verdicts)
    if answer["status"] != 200:
        return whole
    body = answer["body"]
    for step, verdict, result in zip(scene.queue, verdicts, body.get("results", ()), strict=False):
        pairs = dict(_pairs(step, verdict, result, body))
        whole += _differing(step.did, pairs)
    return whole


def _whole(scene: Scene, answer: Mapping[str, Any], verdicts: Sequence[Verdict]) -> list[Difference]:
    """What the answer says about the upload as a whole."""
    if answer["status"] != 200:
        got = f"{answer['status']} {answer['body']}"
        return [Difference(where=scene.title, what="HTTP status", expected=200, answered=got)]
    body, headers = answer["body"], answer["headers"]
    counted = Counter(verdict.status for verdict in verdicts)
    writes = any(verdict.changed and not verdict.replayed for verdict in verdicts)
    offset = body.get("clock_offset_ms", MISSING)
    expected_offset = scene.phone.clock_ahead_minutes * 60_000
    is_close = isinstance(offset, int) and abs(offset - expected_offset) < CLOCK_TOLERANCE_MS
    summary = {status: counted[status] for status in STATUSES}
    pairs = {
        "number of results": (len(verdicts), len(body.get("results", ()))),
        "summary": ({**summary, "replayed": sum(verdict.replayed for verdict in verdicts)}, body.get("summary")),
        "X-Sync-Rejected": (str(len(verdicts) - counted["applied"]), headers.get("x-sync-rejected")),
        "request_id": (headers.get("x-request-id"), body.get("request_id")),
        "txid": (NUMBER if writes else None, _kind(body.get("txid", MISSING))),
        "txids": (_txids(body), body.get("txids")),
        "clock_offset_ms": (f"about {expected_offset}",) * 2 if is_close else (f"about {expected_offset}", offset),
    }
    return _differing(scene.title, pairs)


def _pairs(
    step: Step, verdict: Verdict, result: Mapping[str, Any], body: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """(key, (expected, answered)) for one operation."""
    error = result.get("error") or {}
    yield "op_id", (step.op_id, result.get("op_id"))
    yield "entity", (step.sent.entity, result.get("entity"))
    yield "entity_id", (id_of(step.sent.row), result.get("entity_id"))
    for name in ("status", "code", "retry", "replayed", "changed", "version"):
        yield name, (getattr(verdict, name), result.get(name, MISSING))
    yield "txid", _txid(verdict, result, body)
    yield "error.message", (verdict.status != "applied", bool(error.get("message")))
    yield "error.fields", (sorted(verdict.fields), sorted(error.get("fields", ())))
    yield "error.caused_by", (verdict.caused_by and op_id_of(verdict.caused_by), error.get("caused_by"))
    yield "error.duplicate_of", (verdict.duplicate_of and id_of(verdict.duplicate_of), error.get("duplicate_of"))
    yield "row", _columns(verdict.row, result.get("row"))
    server = result.get("server") or {}
    yield "server.version", (verdict.server_version, server.get("version"))
    yield "server.row", _columns(verdict.server_row, server.get("row"))


def _txid(verdict: Verdict, result: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[Any, Any]:
    if not verdict.changed:
        return None, result.get("txid", MISSING)
    if verdict.replayed:  # the one that wrote it then
        return NUMBER, _kind(result.get("txid", MISSING))
    return body.get("txid", MISSING), result.get("txid", MISSING)


def _txids(body: Mapping[str, Any]) -> list[int]:
    return sorted({result["txid"] for result in body.get("results", ()) if _is_number(result.get("txid"))})


def _columns(expected: Mapping[str, Any] | None, row: Mapping[str, Any] | None) -> tuple[Any, Any]:
    """The expected columns of a row beside what they are; other columns are nobody's concern."""
    if expected is None or row is None:
        return expected, row
    return dict(expected), {name: row.get(name) for name in expected}


def _kind(txid: Any) -> Any:
    """A txid is another one on each run; that it is a number is all that can be expected."""
    return NUMBER if _is_number(txid) else txid


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _differing(where: str, pairs: Mapping[str, tuple[Any, Any]]) -> list[Difference]:
    return [
        Difference(where=where, what=what, expected=expected, answered=answered)
        for what, (expected, answered) in pairs.items()
        if expected != answered
    ]
