"""The demo's checker: it is silent about the expected answer, and it speaks up about every other one.

The checker decides the exit code of `make demo`, so each key it looks at has its planted fault here.
"""

from __future__ import annotations

from copy import deepcopy

import pytest

from demo.checker import KEPT, check_asked, check_first, check_repeat, check_same
from demo.scenario import EVENING, MENDING, QUEUE, SCENES
from demo.steps import Scene, id_of, op_id_of

TXID = 748


def perfect_answer(scene: Scene) -> dict:
    """The answer that a scene expects, built from the expectations."""
    results = [_perfect_result(step) for step in scene.queue]
    statuses = [result["status"] for result in results]
    summary = {s: statuses.count(s) for s in ("applied", "conflict", "rejected", "skipped", "failed")}
    body = {
        "request_id": "r-1",
        "clock_offset_ms": scene.phone.clock_ahead_minutes * 60_000 + 12,
        "txid": TXID,
        "txids": [TXID],
        "summary": {**summary, "replayed": 0},
        "results": results,
    }
    rejected = len(results) - summary["applied"]
    return {"status": 200, "headers": {"x-request-id": "r-1", "x-sync-rejected": str(rejected)}, "body": body}


def _perfect_result(step) -> dict:
    verdict = step.must_be
    result = {
        "op_id": step.op_id,
        "entity": step.sent.entity,
        "entity_id": id_of(step.sent.row),
        **{name: getattr(verdict, name) for name in ("status", "code", "retry", "replayed", "changed", "version")},
        "txid": TXID if verdict.changed else None,
    }
    if verdict.status != "applied":
        result["error"] = {"message": "No.", "fields": {name: ["is wrong"] for name in verdict.fields}}
        if verdict.caused_by:
            result["error"]["caused_by"] = op_id_of(verdict.caused_by)
        if verdict.duplicate_of:
            result["error"]["duplicate_of"] = id_of(verdict.duplicate_of)
    if verdict.row:
        result["row"] = {**verdict.row, "address": "not looked at"}
    if verdict.server_version:
        result["server"] = {"version": verdict.server_version, "row": verdict.server_row}
    return result


def replayed(answer: dict) -> dict:
    """The same answer as a repeat gets it."""
    again = deepcopy(answer)
    again["body"]["txid"] = None
    for result in again["body"]["results"]:
        result["replayed"] = result["status"] in KEPT
    again["body"]["summary"]["replayed"] = sum(result["replayed"] for result in again["body"]["results"])
    return again


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.title)
def test_the_expected_answer_is_no_difference(scene):
    answer = perfect_answer(scene)

    assert check_first(scene, answer) == []
    assert check_repeat(scene, replayed(answer)) == []
    assert check_same(scene, answer, replayed(answer)) == []


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("op_id", id_of("another")),
        ("entity", "products"),
        ("entity_id", id_of("another")),
        ("status", "failed"),
        ("code", "stale"),
        ("retry", "later"),
        ("replayed", True),
        ("changed", None),
        ("version", 99),
        ("txid", 1),
        ("row", {"name": "Somebody"}),
        ("server", {"version": 99, "row": None}),
        ("error", {"message": "", "fields": {"name": ["is wrong"]}, "caused_by": "x", "duplicate_of": "y"}),
    ],
)
def test_one_wrong_key_of_any_operation_is_found(key, wrong):
    """Planted in each operation in turn, and left out in each operation that has it."""
    for position, step in enumerate(QUEUE.queue):
        answer = perfect_answer(QUEUE)
        answer["body"]["results"][position][key] = wrong
        assert step.did in {found.where for found in check_first(QUEUE, answer)}

        answer = perfect_answer(QUEUE)
        if key in answer["body"]["results"][position]:
            del answer["body"]["results"][position][key]
            assert step.did in {found.where for found in check_first(QUEUE, answer)}


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("txid", None),
        ("txids", []),
        ("summary", {}),
        ("results", []),
        ("request_id", "r-2"),
        ("clock_offset_ms", 0),
    ],
)
def test_a_wrong_key_of_the_whole_answer_is_found(key, wrong):
    answer = perfect_answer(QUEUE)
    answer["body"][key] = wrong

    assert check_first(QUEUE, answer)


@pytest.mark.parametrize("body", [{"code": "try_later"}, None])
def test_an_answer_that_is_no_200_is_found(body):
    answer = {"status": 503, "headers": {}, "body": body}

    assert [found.what for found in check_first(QUEUE, answer)] == ["HTTP status"]
    assert [found.what for found in check_same(QUEUE, perfect_answer(QUEUE), answer)] == ["HTTP status"]


@pytest.mark.parametrize("key", ["status", "code", "retry", "changed", "version", "txid", "error", "replayed"])
def test_a_repeat_that_differs_from_the_first_answer_is_found(key):
    first = perfect_answer(QUEUE)
    again = replayed(first)
    again["body"]["results"][0][key] = "something else"

    assert QUEUE.queue[0].did in {found.where for found in check_same(QUEUE, first, again)}


def test_a_repeat_that_was_executed_again_is_found():
    """Same verdicts, but written a second time: nothing is marked as a replay."""
    first = perfect_answer(EVENING)

    assert len(check_repeat(EVENING, first)) >= len(EVENING.queue)


def test_a_single_verdict_that_differs_is_found():
    answer = replayed(perfect_answer(MENDING))
    asked = {"status": 200, "body": answer["body"]["results"][0]}

    assert check_asked(MENDING, answer, asked) == []
    assert check_asked(MENDING, answer, {**asked, "status": 404})
    assert check_asked(MENDING, answer, {**asked, "body": {}})


def test_the_scenario_names_each_step_once():
    """The op_id is made of what the user did, so two equal texts would be one operation."""
    told = [step.did for scene in SCENES for step in scene.queue]

    assert len(told) == len(set(told))


def test_the_scenario_covers_what_the_product_promises():
    """At least thirty operations in one queue, over all five entities and all three actions, in two groups."""
    sent = [step.sent for step in QUEUE.queue]

    assert len(sent) >= 30
    assert {s.entity for s in sent} >= {"customers", "sales", "sale_items", "payments", "distributions"}
    assert {s.action for s in sent} == {"insert", "update", "delete"}
    assert len({step.group for step in QUEUE.queue if step.group}) == 2
