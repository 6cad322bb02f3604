"""The phone of `sync.testing`: its queue, its spelling, and the words of its answers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from entities.sales.models import Customer
from sync.testing import Answer, Phone, delete, insert, update
from tests.factories import MembershipFactory

ID = UUID("0193a5b2-7c4e-7d10-8f3a-5b6c7d8e9f01")


@pytest.fixture
def phone(db: None) -> Phone:
    member = MembershipFactory()
    return Phone(user_id=member.user_id, tenant_id=member.business_id)


def answer(*codes: tuple[str, str | None], fields: dict[str, list[str]] | None = None) -> Answer:
    """An answer with these verdicts; whatever is not applied has an error."""
    results = [
        {
            "op_id": str(number),
            "entity": "things",
            "status": status,
            "code": code,
            **({} if status == "applied" else {"error": {"message": "No.", "fields": fields or {}}}),
        }
        for number, (status, code) in enumerate(codes)
    ]
    return Answer(status=200, body={"results": results, "txids": [7]}, headers={})


class TestQueue:
    """Operations wait until they are uploaded."""

    def test_an_upload_sends_the_queue_once(self, phone: Phone) -> None:
        made = phone.insert("customers", {"name": "Ana"})
        phone.update("customers", made["entity_id"], {"name": "Anna"}, base_version=1)
        phone.delete("customers", made["entity_id"], base_version=2)
        assert [result["version"] for result in phone.upload().expect("applied", "applied", "applied")] == [1, 2, 3]
        assert phone.queue == []
        assert len(phone.upload()) == 0

    def test_operations_that_are_named_leave_the_queue_alone(self, phone: Phone) -> None:
        """A lost answer: the same operation once more."""
        made = phone.insert("customers", {"name": "Ana"})
        phone.upload(made).expect("applied")
        assert phone.queue == [made]
        assert phone.upload()[made["op_id"]]["replayed"]
        assert Customer.objects.count() == 1

    def test_a_batch_has_fields_and_a_preference_of_its_own(self, phone: Phone) -> None:
        phone.insert("customers", {"name": "Ana"})
        phone.insert("customers", {"name": ""})
        answer = phone.upload(atomic=True, prefer="handling=strict").expect("skipped/group_failed", "rejected/invalid")
        assert (answer.status, answer.headers["X-Sync-Rejected"]) == (409, "2")

    def test_a_verdict_can_be_asked_for(self, phone: Phone) -> None:
        made = phone.insert("customers", {"name": "Ana"})
        assert phone.ask(made["op_id"]) is None
        phone.upload()
        verdict = phone.ask(made["op_id"])
        assert verdict is not None
        assert (verdict["status"], verdict["replayed"]) == ("applied", True)

    def test_another_installation_has_a_queue_and_a_client_id_of_its_own(self, phone: Phone) -> None:
        phone.insert("customers", {"name": "Ana"})
        other = phone.another()
        assert (other.user_id, other.tenant_id, other.queue) == (phone.user_id, phone.tenant_id, [])
        assert other.client_id != phone.client_id


class TestOperations:
    """Spelled as the protocol wants them."""

    def test_values_of_python_are_spelled(self) -> None:
        sent = {
            "a": ID,
            "b": Decimal("1.50"),
            "c": date(2026, 11, 2),
            "d": datetime(2026, 11, 2, 8, tzinfo=UTC),
            "e": 1,
        }
        assert insert("things", sent)["payload"] == {
            "a": str(ID),
            "b": "1.50",
            "c": "2026-11-02",
            "d": "2026-11-02T08:00:00Z",
            "e": 1,
        }

    def test_each_has_ids_of_its_own_unless_they_are_given(self) -> None:
        one, two = insert("things", {}), insert("things", {})
        assert len({one["op_id"], one["entity_id"], two["op_id"], two["entity_id"]}) == 4
        assert insert("things", {}, entity_id=ID, op_id=ID)["op_id"] == str(ID)

    def test_a_base_version_is_sent_when_there_is_one(self) -> None:
        assert update("things", ID, {}, base_version=4)["base_version"] == 4
        assert "base_version" not in update("things", ID, {})
        assert "base_version" not in delete("things", ID)

    def test_an_envelope_carries_what_it_is_given(self) -> None:
        group = uuid4()
        operation = delete("things", ID, base_version=1, sync_group_id=group, depends_on=[str(ID)])
        assert (operation["sync_group_id"], operation["depends_on"]) == (str(group), [str(ID)])


class TestAnswer:
    """A sequence of results that says what came instead of what was expected."""

    def test_results_are_found_by_position_and_by_op_id(self) -> None:
        found = answer(("applied", None), ("rejected", "invalid"))
        assert found[0] == found["0"]
        assert [result["code"] for result in found[0:2]] == [None, "invalid"]
        assert (len(found), found.txids, found.verdicts) == (2, [7], ["applied", "rejected/invalid"])
        with pytest.raises(KeyError):
            found["2"]

    def test_a_verdict_that_was_not_expected_is_shown_beside_the_other(self) -> None:
        found = answer(("applied", "merged"), ("rejected", "invalid"), fields={"name": ["is required"]})
        with pytest.raises(AssertionError) as caught:
            found.expect("applied/merged", "applied")
        assert str(caught.value).splitlines() == [
            "Not the expected verdicts:",
            "  0: expected applied/merged, got applied/merged",
            "! 1: expected applied, got rejected/invalid (things: No. name is required)",
        ]

    @pytest.mark.parametrize(
        ("verdicts", "line"),
        [((), "! 0: expected nothing, got applied"), (("applied",) * 2, "! 1: expected applied, got nothing")],
    )
    def test_the_number_of_verdicts_counts(self, verdicts: tuple[str, ...], line: str) -> None:
        with pytest.raises(AssertionError, match=line):
            answer(("applied", None)).expect(*verdicts)

    def test_a_problem_is_expected_by_status_and_code(self) -> None:
        problem = Answer(status=403, body={"code": "forbidden"}, headers={})
        problem.expect_problem(403, "forbidden")
        with pytest.raises(AssertionError, match="Expected 401 token_expired, got 403 forbidden"):
            problem.expect_problem(401, "token_expired")
        with pytest.raises(AssertionError, match="Expected 403 forbidden, got applied"):
            answer(("applied", None)).expect_problem(403, "forbidden")
        assert (repr(problem), repr(answer(("applied", None)))) == (
            "<Answer 403 forbidden>",
            "<Answer 200 ['applied']>",
        )
