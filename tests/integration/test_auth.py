"""Logging in, staying logged in through lost answers and weeks away, and being logged out for good."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
import time_machine
from django.db import connection, connections
from django.test import Client

from sync.api import auth as auth_views
from sync.auth.models import RefreshToken
from sync.auth.refresh import log_in, refresh
from sync.protocol.actor import Actor
from sync.protocol.problems import Problem
from tests.factories import BusinessFactory, MembershipFactory, UserFactory
from tests.token_forge import AUTH, claims, forge, jwk, rsa

pytestmark = pytest.mark.django_db

LOGIN, REFRESH, LIMITS, BATCH = "/api/auth/token", "/api/auth/refresh", "/api/sync/limits", "/api/sync/batch"
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.SYNC_AUTH = AUTH
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def post(path: str, body: Any, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().post(path, raw, content_type="application/json", headers=headers)


def login(user: Any, **more: Any) -> Any:
    return post(LOGIN, {"username": user.username, "password": "demo", **more})


def renew(token: str) -> Any:
    return post(REFRESH, {"refresh": token})


def code(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


INVALID = (401, "token_invalid")


class Device:
    """A phone that keeps the refresh token of the last answer it got."""

    def __init__(self, member: Any) -> None:
        pair = login(member.user).json()
        self.refresh, self.access = pair["refresh"], pair["access"]

    def renew(self, *, answer_is_lost: bool = False) -> Any:
        response = renew(self.refresh)
        if response.status_code == 200 and not answer_is_lost:
            self.refresh, self.access = response.json()["refresh"], response.json()["access"]
        return response

    @property
    def row(self) -> RefreshToken:
        family = jwt.decode(self.refresh, options={"verify_signature": False})["family"]
        return RefreshToken.objects.get(pk=family)


# -- login ---------------------------------------------------------------------------------------------------


def test_a_password_is_exchanged_for_a_pair() -> None:
    """The answer has the members of the protocol, is kept by nobody on the way, and opens the API."""
    member = MembershipFactory()
    response = login(member.user)
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access", "refresh", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert response["Cache-Control"] == "no-store"
    said = jwt.decode(body["access"], options={"verify_signature": False})
    assert (said["sub"], said["tenant"]) == (str(member.user.pk), str(member.business.pk))
    opened = Client().get(LIMITS, headers={"Authorization": f"Bearer {body['access']}"})
    assert opened.status_code == 200


def test_no_token_is_stored() -> None:
    """A copy of the table logs nobody in."""
    device = Device(MembershipFactory())
    stored = " ".join(str(value) for value in vars(device.row).values())
    for part in (*device.refresh.split("."), *device.access.split(".")):
        assert part not in stored


@pytest.mark.parametrize("password", ["wrong", "Demo", "demo ", "x" * 4096])
def test_a_wrong_password_is_unauthenticated(password: str) -> None:
    """It cannot be told from an unknown name, or from a disabled account."""
    user = MembershipFactory().user
    answers = [
        post(LOGIN, {"username": user.username, "password": password}),
        post(LOGIN, {"username": "nobody", "password": password}),
        post(LOGIN, {"username": MembershipFactory(user__is_active=False).user.username, "password": "demo"}),
    ]
    assert {code(answer) for answer in answers} == {(401, "unauthenticated")}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert answers[0]["WWW-Authenticate"] == "Bearer"


def test_an_unknown_name_costs_as_much_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hasher runs for both, so the time of an answer says nothing about who has an account."""
    user, runs = MembershipFactory().user, []
    from django.contrib.auth.hashers import MD5PasswordHasher

    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *args: runs.append(1) or encode(self, *args))
    post(LOGIN, {"username": user.username, "password": "wrong"})
    known = len(runs)
    post(LOGIN, {"username": "nobody", "password": "wrong"})
    assert (known, len(runs)) == (1, 2)


def test_one_of_several_tenants_is_named() -> None:
    """By id or by name; the list of them is shown to nobody but their member."""
    user = UserFactory()
    north = MembershipFactory(user=user, business__name="Norte").business
    south = MembershipFactory(user=user, business__name="Sur").business
    MembershipFactory(business__name="Este", user=user, active=False)
    undecided = login(user)
    assert code(undecided) == (400, "malformed")
    assert undecided.json()["pointer"] == "/tenant"
    assert undecided.json()["tenants"] == [
        {"id": str(north.pk), "name": "Norte"},
        {"id": str(south.pk), "name": "Sur"},
    ]
    assert "tenants" not in post(LOGIN, {"username": user.username, "password": "wrong"}).json()
    for wanted in ("Sur", str(south.pk), str(south.pk).upper(), south.pk.hex):
        said = jwt.decode(login(user, tenant=wanted).json()["access"], options={"verify_signature": False})
        assert said["tenant"] == str(south.pk)
    other = BusinessFactory(name="Oeste")
    for wanted in ("Este", "Oeste", str(other.pk), str(uuid4()), "nothing", "sur"):
        assert code(login(user, tenant=wanted)) == (403, "forbidden")


def test_a_user_without_membership_is_forbidden() -> None:
    """An account alone is no way into anybody's data."""
    assert code(login(UserFactory())) == (403, "forbidden")
    assert code(login(MembershipFactory(active=False).user)) == (403, "forbidden")


BAD_LOGINS: list[tuple[Any, str | None]] = [
    (b"", None), (b"{", None), (b"[]", None), (b"null", None), (b'"x"', None), (b"\xff\xfe", None),
    (b"[" * 20_000, None), (b'{"a":' * 5000, None), (b"username=a&password=b", None),
    (b'{"username": ' + b"9" * 5000 + b"}", None), (b"\xef\xbb\xbf{}", None),
    ({}, "/username"), ({"username": "a"}, "/password"), ({"password": "a"}, "/username"),
    ({"username": None, "password": "a"}, "/username"), ({"username": "", "password": "a"}, "/username"),
    ({"username": 1, "password": "a"}, "/username"), ({"username": ["a"], "password": "a"}, "/username"),
    ({"username": {"$ne": ""}, "password": "a"}, "/username"), ({"username": True, "password": "a"}, "/username"),
    ({"username": "a\0b", "password": "a"}, "/username"), ({"username": "\ud800", "password": "a"}, "/username"),
    ({"username": "a" * 255, "password": "a"}, "/username"), ({"username": "a", "password": 1}, "/password"),
    ({"username": "a", "password": "a\0"}, "/password"), ({"username": "a", "password": "\udfff"}, "/password"),
    ({"username": "a", "password": "a" * 4097}, "/password"),
    ({"username": "a", "password": "a", "tenant": 1}, "/tenant"),
    ({"username": "a", "password": "a", "tenant": ""}, "/tenant"),
    ({"username": "a", "password": "a", "tenant": "a\0"}, "/tenant"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "pointer"), BAD_LOGINS, ids=range(len(BAD_LOGINS)))
def test_a_bad_login_is_malformed(body: Any, pointer: str | None) -> None:
    """Never a 500, and the pointer says where."""
    response = post(LOGIN, body)
    assert code(response) == (400, "malformed")
    assert response.json()["pointer"] == (pointer or "")


@pytest.mark.parametrize("body", [{}, {"refresh": None}, {"refresh": 1}, {"refresh": ["a"]}, {"refresh": "a\0"}])
def test_a_bad_refresh_is_malformed(body: Any) -> None:
    """The same for the other address."""
    assert code(post(REFRESH, body)) == (400, "malformed")
    assert post(REFRESH, body).json()["pointer"] == "/refresh"


def test_a_large_login_is_too_large() -> None:
    """Nobody hashes megabytes."""
    assert code(post(LOGIN, b" " * (auth_views.MAX_BODY_BYTES + 1))) == (413, "too_large")
    odd = Client().post(LOGIN, b"{}", content_type="application/json", headers={"Content-Length": "many"})
    assert odd.status_code in {400, 413}


def test_an_old_token_does_not_disturb_a_login() -> None:
    """Apps send their Authorization header everywhere."""
    member = MembershipFactory()
    body = {"username": member.user.username, "password": "demo"}
    assert post(LOGIN, body, Authorization="Bearer rubbish").status_code == 200


# -- refresh -------------------------------------------------------------------------------------------------


def test_a_refresh_gives_the_next_pair() -> None:
    """Each pair works, for the same user in the same tenant."""
    device = Device(MembershipFactory())
    seen = {device.refresh}
    for _ in range(5):
        assert device.renew().status_code == 200
        seen.add(device.refresh)
    assert len(seen) == 6
    assert Client().get(LIMITS, headers={"Authorization": f"Bearer {device.access}"}).status_code == 200
    assert RefreshToken.objects.count() == 1


@pytest.mark.parametrize("away", [timedelta(0), timedelta(minutes=20), timedelta(weeks=11)])
@pytest.mark.parametrize("refreshes_before", [0, 1, 3])
def test_a_lost_answer_logs_nobody_out(away: timedelta, refreshes_before: int) -> None:
    """The old token works again, however often the answer is lost, and weeks later too."""
    with time_machine.travel(START, tick=False) as clock:
        device = Device(MembershipFactory())
        for _ in range(refreshes_before):
            device.renew()
        for _ in range(2):
            assert device.renew(answer_is_lost=True).status_code == 200
            clock.shift(away)
        assert device.renew().status_code == 200
        clock.shift(timedelta(hours=1))
        assert device.renew().status_code == 200


@pytest.mark.parametrize(("days", "expected"), [(179, 200), (181, 401)])
def test_a_device_away_for_weeks_can_refresh(days: int, expected: int) -> None:
    """180 days, counted from the last refresh, not from the login."""
    with time_machine.travel(START, tick=False) as clock:
        device = Device(MembershipFactory())
        for _ in range(3):
            clock.shift(timedelta(days=170))
            assert device.renew().status_code == 200
        clock.shift(timedelta(days=days))
        response = device.renew()
        assert response.status_code == expected
        if expected == 401:
            assert code(response) == (401, "token_expired")


def test_a_copied_token_ends_the_login() -> None:
    """Reuse after the successor was used means two holders: both are logged out, other devices are not."""
    with time_machine.travel(START, tick=False) as clock:
        member = MembershipFactory()
        device, other = Device(member), Device(member)
        stolen = device.refresh
        device.renew()
        device.renew()
        clock.shift(timedelta(minutes=1))
        assert code(renew(stolen)) == INVALID
        assert code(device.renew()) == INVALID
        assert device.row.revoked_at == START + timedelta(minutes=1)
        assert other.renew().status_code == 200


def test_a_thief_who_is_first_is_found_out() -> None:
    """The thief refreshes with a copy before the owner does; the owner's next use gives the copy away."""
    with time_machine.travel(START, tick=False) as clock:
        device = Device(MembershipFactory())
        thief = renew(device.refresh).json()["refresh"]
        clock.shift(timedelta(minutes=15))
        thief = renew(thief).json()["refresh"]
        clock.shift(timedelta(minutes=15))
        assert code(device.renew()) == INVALID
        assert code(renew(thief)) == INVALID


def test_two_branches_cannot_live_side_by_side() -> None:
    """Owner and thief each got a child of the same token: once one is used, the other is a copy."""
    with time_machine.travel(START, tick=False) as clock:
        device = Device(MembershipFactory())
        thief = renew(device.refresh).json()["refresh"]
        device.renew()
        clock.shift(timedelta(minutes=15))
        assert device.renew().status_code == 200
        clock.shift(timedelta(minutes=15))
        assert code(renew(thief)) == INVALID
        assert code(device.renew()) == INVALID


@pytest.mark.parametrize(("seconds", "expected"), [(0, 200), (29, 200), (31, 401)])
def test_tabs_that_refresh_together_stay_logged_in(seconds: int, expected: int) -> None:
    """For half a minute the overtaken token, and a sibling, still work; each gives a token that goes on."""
    with time_machine.travel(START, tick=False) as clock:
        device = Device(MembershipFactory())
        first = device.refresh
        sibling = renew(first).json()["refresh"]
        device.renew()
        device.renew()
        clock.shift(timedelta(seconds=seconds))
        late = [renew(first), renew(sibling)]
        assert {response.status_code for response in late} == {expected}
        if expected == 200:
            assert renew(late[0].json()["refresh"]).status_code == 200


def test_an_older_token_has_no_grace() -> None:
    """The grace is for the token before, not for the whole chain."""
    with time_machine.travel(START, tick=False):
        device = Device(MembershipFactory())
        oldest = device.refresh
        for _ in range(3):
            device.renew()
        assert code(renew(oldest)) == INVALID


def test_a_disabled_user_cannot_refresh() -> None:
    """Nor can a member whose membership ended; when it comes back the device goes on where it was."""
    member = MembershipFactory()
    device = Device(member)
    member.user.is_active = False
    member.user.save()
    assert code(device.renew()) == (403, "forbidden")
    member.user.is_active = True
    member.user.save()
    member.active = False
    member.save()
    assert code(device.renew()) == (403, "forbidden")
    member.active = True
    member.save()
    assert device.renew().status_code == 200


def test_a_token_of_a_chain_that_is_gone_is_refused() -> None:
    """Deleting the row ends the login; a signature alone is not enough."""
    device = Device(MembershipFactory())
    RefreshToken.objects.all().delete()
    assert code(device.renew()) == INVALID


def test_an_access_token_cannot_refresh() -> None:
    """Nor a forged one."""
    device = Device(MembershipFactory())
    for token in (device.access, device.refresh[:-2], forge(claims(aud="app/refresh"), typ="rt+jwt")):
        assert code(renew(token)) == INVALID


def test_a_login_removes_what_has_expired() -> None:
    """The table does not grow with every login that anybody ever made."""
    with time_machine.travel(START, tick=False) as clock:
        member = MembershipFactory()
        Device(member)
        other = Device(MembershipFactory())
        clock.shift(timedelta(days=200))
        device = Device(member)
        assert set(RefreshToken.objects.all()) == {device.row, other.row}


def all_at_once(tokens: list[str]) -> list[str]:
    """Refresh each in a thread of its own, all at the same moment; returns the next tokens."""
    barrier = threading.Barrier(len(tokens))

    def tab(token: str) -> str:
        barrier.wait()
        try:
            return refresh(token).refresh
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(tokens)) as pool:
        return list(pool.map(tab, tokens))


@pytest.mark.django_db(transaction=True)
def test_refreshes_at_the_same_moment_agree() -> None:
    """Eight tabs with one token, then with their own: none is refused, and none loses its place in the chain."""
    for _ in range(5):
        tokens = all_at_once([Device(MembershipFactory()).refresh] * 8)
        assert len(set(tokens)) == 8
        tokens = all_at_once(all_at_once(tokens))
        assert all(renew(token).status_code == 200 for token in tokens)


@pytest.mark.django_db(transaction=True)
def test_a_revocation_lasts_though_the_request_fails() -> None:
    """The refusal of a copied token is an error to the caller and a commit to the database."""
    member = MembershipFactory()
    with time_machine.travel(START, tick=False) as clock:
        first = log_in(Actor(user_id=member.user.pk, tenant_id=member.business.pk)).refresh
        refresh(refresh(refresh(first).refresh).refresh)
        clock.shift(timedelta(minutes=5))
        with pytest.raises(Problem):
            refresh(first)
        assert RefreshToken.objects.get().revoked_at is not None


# -- access --------------------------------------------------------------------------------------------------

HUGE = b"x" * 5_000_000


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, HUGE], ids=["none", "cut", "bytes", "deep", "huge"]
)
@pytest.mark.parametrize("header", [None, "Basic eDp5", "Bearer rubbish"])
def test_a_401_comes_before_the_body(body: bytes, header: str | None, django_assert_num_queries: Any) -> None:
    """A bad token is answered before a bad body is looked at, and without a query."""
    headers = {"Authorization": header} if header else {}
    with django_assert_num_queries(0):
        response = Client().post(BATCH, body, content_type="application/json", headers=headers)
    assert code(response)[0] == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_session_is_no_way_in() -> None:
    """A browser that is logged in to the admin sends its cookie with everything."""
    member = MembershipFactory(user__is_superuser=True, user__is_staff=True)
    browser = Client()
    browser.force_login(member.user)
    assert code(browser.get(LIMITS)) == (401, "unauthenticated")
    assert code(browser.post(BATCH, b"{}", content_type="application/json")) == (401, "unauthenticated")


def test_a_token_alone_costs_no_query(django_assert_num_queries: Any) -> None:
    """Only what needs membership asks for it."""
    device = Device(MembershipFactory())
    with django_assert_num_queries(0):
        assert Client().get(LIMITS, headers={"Authorization": f"Bearer {device.access}"}).status_code == 200


@pytest.mark.parametrize("change", ["disabled", "ended", "elsewhere"])
def test_membership_is_read_per_batch(change: str) -> None:
    """A token that is still good does not help somebody who is no member any more."""
    member = MembershipFactory()
    device = Device(member)
    if change == "disabled":
        member.user.is_active = False
        member.user.save()
    elif change == "ended":
        member.active = False
        member.save()
    else:
        device.access = forge(claims(sub=str(member.user.pk), tenant=str(BusinessFactory().pk)))
    body = {"client_id": str(uuid4()), "operations": []}
    response = post(BATCH, body, Authorization=f"Bearer {device.access}")
    assert code(response) == (403, "forbidden")


def test_a_token_of_an_external_issuer_opens_the_api(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its subject is a user an admin has tied to it; a stranger with a good token is forbidden."""
    from sync.auth import issuers
    from sync.auth.jwks import IssuerKeys

    key = rsa()
    name = "https://id.example"
    settings.SYNC_AUTH = {
        **AUTH,
        "ISSUERS": [{"issuer": name, "jwks_url": f"{name}/keys", "audience": "app", "tenant_claim": "org"}],
    }

    class Keys(IssuerKeys):
        def key(self, kid: str) -> Any:
            return jwt.PyJWK(jwk(key, kid))

    monkeypatch.setattr(issuers, "keys_of", Keys)
    member = MembershipFactory(user__external_id=f"{name}|42")

    def ask(subject: str, **more: Any) -> Any:
        body = claims(iss=name, sub=subject, org=str(member.business.pk), **more)
        token = forge(body, key=key, algorithm="RS256", kid="k")
        return Client().get(f"/api/sync/operations/{uuid4()}", headers={"Authorization": f"Bearer {token}"})

    assert code(ask("42")) == (404, "not_found")
    assert code(ask("43")) == (403, "forbidden")
    assert code(ask("42", exp=1_700_000_000)) == (401, "token_expired")
    member.user.is_active = False
    member.user.save()
    assert code(ask("42")) == (403, "forbidden")


def test_the_row_lock_is_the_weak_one() -> None:
    """A plain FOR UPDATE would wait for, and block, whatever refers to the row."""
    from django.test.utils import CaptureQueriesContext

    device = Device(MembershipFactory())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        device.renew()
    locks = [query["sql"] for query in queries if "FOR " in query["sql"]]
    assert len(locks) == 1
    assert 'FOR NO KEY UPDATE OF "sync_refreshtoken"' in locks[0]
