"""Answers for a request as a whole: every row of the protocol's table that can occur, and nothing was executed."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import Any

import pytest

from entities.accounts.models import Membership
from entities.sales.models import Customer
from sync.auth.tokens import issue_access
from sync.models import LedgerEntry
from tests.acceptance.wire import WirePhone
from tests.factories import MembershipFactory
from tests.property.ops import customer, new_id

pytestmark = pytest.mark.django_db(transaction=True)

OPERATION = '{"op_id": "%s", "entity": "customers", "action": "insert", "entity_id": "%s", "payload": {"name": "Ana"}}'


def one_operation() -> str:
    return OPERATION % (new_id(), new_id())


def assert_problem(answer: Any, status: int, code: str, pointer: str | None = None) -> dict[str, Any]:
    """A problem in JSON, named as the request; and no row was written."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body.get("pointer") == pointer
    assert not Customer.objects.exists()
    assert not LedgerEntry.objects.exists()
    return body


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


MALFORMED = {
    "empty": ("", ""),
    "no JSON": ("{nonsense", ""),
    "cut off": ('{"client_id": "%(id)s", "operations": [%(op)s', ""),
    "trailing": ('{"client_id": "%(id)s", "operations": [%(op)s]} x', ""),
    "a list": ("[]", ""),
    "a number": ("5", ""),
    "null": ("null", ""),
    "no client_id": ('{"operations": [%(op)s]}', "/client_id"),
    "client_id is no id": ('{"client_id": "phone", "operations": [%(op)s]}', "/client_id"),
    "client_id is a number": ('{"client_id": 7, "operations": [%(op)s]}', "/client_id"),
    "no operations": ('{"client_id": "%(id)s"}', "/operations"),
    "operations is an object": ('{"client_id": "%(id)s", "operations": {}}', "/operations"),
    "atomic is a number": ('{"client_id": "%(id)s", "operations": [%(op)s], "atomic": 1}', "/atomic"),
    "atomic is a text": ('{"client_id": "%(id)s", "operations": [%(op)s], "atomic": "true"}', "/atomic"),
    "schema_version is a text": (
        '{"client_id": "%(id)s", "operations": [%(op)s], "schema_version": "1"}',
        "/schema_version",
    ),
    "schema_version is zero": (
        '{"client_id": "%(id)s", "operations": [%(op)s], "schema_version": 0}',
        "/schema_version",
    ),
    "a key twice": ('{"client_id": "%(id)s", "client_id": "%(id)s", "operations": [%(op)s]}', "/client_id"),
    "a key twice, deeper": ('{"client_id": "%(id)s", "operations": [%(op)s], "x": {"a": 1, "a": 2}}', "/x/a"),
    "NaN outside operations": ('{"client_id": "%(id)s", "operations": [%(op)s], "x": [NaN]}', "/x/0"),
    "1e400 outside operations": ('{"client_id": "%(id)s", "operations": [%(op)s], "x": 1e400}', "/x"),
    "too deep": ('{"client_id": "%(id)s", "operations": [%(op)s], "x": ' + nested(40) + "}", "/x" + "/0" * 31),
    "too deep in an operation": (
        '{"client_id": "%(id)s", "operations": [%(op)s, {"payload": {"a": ' + nested(60) + "}}]}",
        "/operations/1/payload/a" + "/0" * 28,
    ),
    "very deep": (nested(100_000), "/0" * 32),
    "too many keys": (
        '{"client_id": "%(id)s", "operations": [%(op)s], "x": {' + ",".join(f'"k{n}": 1' for n in range(1001)) + "}}",
        "/x",
    ),
    "too many keys in a payload": (
        '{"client_id": "%(id)s", "operations": [{"payload": {' + ",".join(f'"k{n}": 1' for n in range(1001)) + "}}]}",
        "/operations/0/payload",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_body_that_is_no_batch_is_malformed(seller: WirePhone, name: str) -> None:
    """`pointer` says where."""
    body, pointer = MALFORMED[name]
    filled = body.replace("%(id)s", seller.client_id).replace("%(op)s", one_operation())
    assert_problem(seller.send(filled.encode()), 400, "malformed", pointer)


def test_bytes_that_are_no_text_are_malformed(seller: WirePhone) -> None:
    """Not UTF-8, or with a byte order mark."""
    for body in (b"\xff\xfe", b"\xef\xbb\xbf{}", seller.batch(customer()).replace(b"Ana", b"\xc3\x28")):
        assert_problem(seller.send(body), 400, "malformed", "")


def test_a_body_that_is_not_the_gzip_it_claims_to_be_is_malformed(seller: WirePhone) -> None:
    """Also one that breaks off, and one in an encoding nobody knows."""
    packed = gzip.compress(seller.batch(customer()))
    for body in (b"plain", packed[:-9], packed + b"x"):
        assert_problem(seller.send(body, Content_Encoding="gzip"), 400, "malformed", "")
    assert_problem(seller.send(packed, Content_Encoding="br"), 400, "malformed", "")


def test_who_is_calling_is_decided_before_the_body_is_parsed(seller: WirePhone, settings: Any) -> None:
    """No token, a broken one, an old one: 401 for a body that nobody could read."""
    nonsense = b"\xff not JSON"
    answer = seller.send(nonsense, Authorization="")
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert_problem(seller.send(nonsense, Authorization="Basic eDp5"), 401, "unauthenticated")
    for broken in ("Bearer x", f"Bearer {seller.token[:-4]}AAAA"):
        assert_problem(seller.send(nonsense, Authorization=broken), 401, "token_invalid")
    settings.SYNC_AUTH = {**settings.SYNC_AUTH, "ACCESS_SECONDS": -3600}
    old = issue_access(user_id=seller.member.user_id, tenant_id=seller.member.business_id)
    assert_problem(seller.send(nonsense, Authorization=f"Bearer {old}"), 401, "token_expired")


def test_a_client_id_of_somebody_else_is_refused(seller: WirePhone, manager: WirePhone) -> None:
    """Each user of a phone has a queue of their own."""
    seller.upload()
    manager.client_id = seller.client_id
    assert_problem(manager.send(manager.batch(customer())), 403, "client_owner_mismatch", "/client_id")


def test_a_user_who_is_no_member_is_refused(seller: WirePhone, business: Any) -> None:
    """Never one, no longer one, or disabled."""
    elsewhere = MembershipFactory()
    foreign = issue_access(user_id=elsewhere.user_id, tenant_id=business.pk)
    assert_problem(seller.send(seller.batch(customer()), Authorization=f"Bearer {foreign}"), 403, "forbidden")
    Membership.objects.filter(pk=seller.member.pk).update(active=False)
    assert_problem(seller.send(seller.batch(customer())), 403, "forbidden")
    Membership.objects.filter(pk=seller.member.pk).update(active=True)
    type(seller.member.user).objects.filter(pk=seller.member.user_id).update(is_active=False)
    assert_problem(seller.send(seller.batch(customer())), 403, "forbidden")


def test_the_role_is_read_when_the_batch_arrives(seller: WirePhone) -> None:
    """Who may write is judged when the operation is applied, not when it was queued."""
    Membership.objects.filter(pk=seller.member.pk).update(role=Membership.Role.MANAGER)
    assert seller.one(customer(credit_limit="5.00"))["status"] == "applied"


def test_a_body_over_the_limit_is_too_large(seller: WirePhone, sync_settings: Any) -> None:
    """The limits are in the answer."""
    sync_settings(MAX_BYTES=2000)
    body = assert_problem(seller.send(seller.batch(customer(notes="x" * 2000))), 413, "too_large")
    assert body["limits"] == {"max_operations": 1000, "max_bytes": 2000, "max_depth": 32, "max_keys": 1000}


@pytest.mark.promise("P24")
def test_a_gzip_bomb_is_refused_at_once(seller: WirePhone) -> None:
    """200 MB in 200 kB cost neither time nor memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    spaces = b" " * 10_000_000
    bomb = b"".join(packer.compress(spaces) for _ in range(20)) + packer.flush()
    seller.upload()
    started = time.perf_counter()
    answer = seller.send(bomb, Content_Encoding="gzip")
    assert time.perf_counter() - started < 1
    assert_problem(answer, 413, "too_large")


def test_one_group_that_no_batch_could_hold_is_too_large(seller: WirePhone, sync_settings: Any) -> None:
    """Neither a group nor an atomic batch can be divided."""
    sync_settings(MAX_OPERATIONS=3)
    group = new_id()
    grouped = [{**customer(), "sync_group_id": group} for _ in range(4)]
    assert assert_problem(seller.send(seller.batch(*grouped)), 413, "too_large")["limits"]["max_operations"] == 3
    atomic = seller.batch(*(customer() for _ in range(4)), atomic=True)
    assert_problem(seller.send(atomic), 413, "too_large")


def test_nothing_is_at_another_address_or_method(seller: WirePhone) -> None:
    """Problems too, in JSON."""
    assert_problem(seller.get("sync/batches"), 404, "not_found")
    assert_problem(seller.get("sync/batch"), 405, "method_not_allowed")
