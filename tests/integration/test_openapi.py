"""The OpenAPI document tells the truth: it is complete, valid, and what the server really answers fits it."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sync.api.nowhere import NowhereView
from sync.api.openapi.schema import merged
from sync.handlers.registry import registry
from sync.protocol.codes import CODES, ProblemCode
from tests.factories import MembershipFactory
from tests.token_forge import AUTH

DOCUMENT = "urn:document"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    response = Client().get("/api/schema")
    assert response.status_code == 200
    return json.loads(response.content)  # type: ignore[no-any-return]


def errors(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """Why a value does not fit a schema of the document."""
    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    known = Registry().with_resource(DOCUMENT, resource)
    absolute = json.loads(json.dumps(schema).replace('"#/', f'"{DOCUMENT}#/'))
    return [error.message for error in Draft202012Validator(absolute, registry=known).iter_errors(value)]


def schema_of(document: dict[str, Any], address: str, method: str, status: int, kind: str = "json") -> dict[str, Any]:
    content = document["paths"][address][method]["responses"][str(status)]["content"]
    return content[f"application/{kind}"]["schema"]  # type: ignore[no-any-return]


def test_the_document_is_valid() -> None:
    """As the command that a deployment runs sees it, without a warning."""
    out = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, format="openapi-json", stdout=out)
    assert json.loads(out.getvalue())["openapi"] == "3.1.0"


def test_every_address_is_described(document: dict[str, Any]) -> None:
    """What the URL configuration has under /api/, the document has, and nothing else."""
    described = {(re.sub(r"{.*?}", "{}", a), m) for a, methods in document["paths"].items() for m in methods}
    undescribed_on_purpose = {("/api/schema", "get"), ("/api/docs", "get")}
    assert described == set(_addresses(get_resolver().url_patterns, "/")) - undescribed_on_purpose


def _addresses(patterns: list[Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for pattern in patterns:
        route = prefix + re.sub(r"<.*?>", "{}", str(pattern.pattern)).lstrip("^").rstrip("$")
        if isinstance(pattern, URLResolver) and route.startswith("/api/"):
            found += _addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith("/api/"):
            view = pattern.callback.cls
            if view is not NowhereView:
                found += [(route, m) for m in ("get", "post", "put", "patch", "delete") if hasattr(view, m)]
    return found


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """A viewer can follow each of them."""
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= set(document["components"]["schemas"])


def test_every_code_is_listed(document: dict[str, Any]) -> None:
    """Those of the protocol, and those that the handlers add."""
    schemas = document["components"]["schemas"]
    listed = schemas["Result"]["properties"]["code"]
    of_domain = {code for handler in registry for code in handler.codes}
    assert set(listed["enum"]) == {None, *CODES, *of_domain}
    assert all(f"`{code}`" in listed["description"] for code in (*CODES, *of_domain))
    assert set(schemas["Problem"]["properties"]["code"]["enum"]) == {str(code) for code in ProblemCode}


def test_every_status_of_a_batch_is_there(document: dict[str, Any]) -> None:
    """With both meanings of 409, and the headers that go with each."""
    answers = document["paths"]["/api/sync/batch"]["post"]["responses"]
    assert set(answers) == {"200", "400", "401", "403", "409", "413", "500", "503"}
    assert set(answers["409"]["content"]) == {"application/json", "application/problem+json"}
    assert "X-Sync-Rejected" in answers["200"]["headers"]
    assert "Retry-After" in answers["409"]["headers"]
    assert "Retry-After" in answers["503"]["headers"]
    assert "WWW-Authenticate" in answers["401"]["headers"]
    assert all({"X-Request-ID", "traceparent"} <= set(answer["headers"]) for answer in answers.values())
    asked = {parameter["name"] for parameter in document["paths"]["/api/sync/batch"]["post"]["parameters"]}
    assert asked == {"Prefer", "X-Request-ID", "traceparent", "Content-Encoding"}


def test_every_entity_is_described(document: dict[str, Any]) -> None:
    """One schema for its insert, update, delete and row each; unknown columns are refused, as by the server."""
    schemas = document["components"]["schemas"]
    assert list(registry)
    for handler in registry:
        name = "".join(part.title() for part in handler.entity.split("_"))
        insert, update = schemas[f"{name}InsertPayload"], schemas[f"{name}UpdatePayload"]
        assert set(insert["properties"]) == set(update["properties"]) == set(handler.writes)
        assert insert["additionalProperties"] is update["additionalProperties"] is False
        assert "required" not in update
        row = schemas[f"{name}Row"]["properties"]
        assert set(row) == {"id", "version", "created_at", "updated_at", "write_id", *handler.writes}


def test_the_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    """A newcomer copies them."""
    post = document["paths"]["/api/sync/batch"]["post"]
    request = post["requestBody"]["content"]["application/json"]
    answer = post["responses"]["200"]["content"]["application/json"]
    assert request["example"]["operations"]
    assert errors(document, request["schema"], request["example"]) == []
    assert errors(document, answer["schema"], answer["example"]) == []


def test_a_document_without_entities_can_be_made() -> None:
    """A project that has registered nothing yet has a document all the same."""
    schemas = merged({}, [])["schemas"]
    assert schemas["Operation"] == {"$ref": "#/components/schemas/Envelope"}


def test_the_viewer_loads_nothing_from_elsewhere(settings: Any) -> None:
    """It works without a network, and tells nobody who reads it."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    page = Client().get("/api/docs")
    assert page.status_code == 200
    assert page["Content-Type"].startswith("text/html")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert addresses
    assert all(address.startswith("/") for address in addresses)


# -- what the server answers ---------------------------------------------------------------------------------


@pytest.fixture
def headers(settings: Any) -> dict[str, str]:
    settings.SYNC_AUTH = AUTH
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    user = MembershipFactory(manager=True).user
    login = Client().post(
        "/api/auth/token", {"username": user.username, "password": "demo"}, content_type="application/json"
    )
    return {"Authorization": f"Bearer {login.json()['access']}", "Prefer": "return=representation"}


@pytest.mark.django_db(transaction=True)
def test_real_answers_fit_the_document(document: dict[str, Any], headers: dict[str, str]) -> None:
    """An operation of each kind of verdict, the limits, one verdict asked for again, and the problems."""
    row, op = str(uuid4()), str(uuid4())

    def operation(action: str, payload: Any, **more: Any) -> dict[str, Any]:
        named = {"op_id": str(uuid4()), "entity": "customers", "entity_id": row}
        return {**named, "action": action, "payload": payload, **more}

    operations = [
        operation("insert", {"name": "Corner shop", "credit_limit": 12.5}, op_id=op),
        operation("update", {"name": "Corner", "phone": None}, base_version=1),
        operation("update", {"nothing": 1}, base_version=1),
        operation("update", {"name": ""}, base_version=1, depends_on=[op]),
        operation("delete", {}, base_version=2),
        operation("update", {"name": "Late"}, base_version=2),
        operation("insert", {"name": "Group"}, sync_group_id=op, entity_id=str(uuid4())),
        operation("fly", {}, sync_group_id=op),
        {"op_id": 5, "entity": ["x"]},
        "no operation",
    ]
    batch = {"client_id": str(uuid4()), "batch_id": "unusable", "operations": operations}
    for _ in range(2):
        response = Client().post("/api/sync/batch", batch, content_type="application/json", headers=headers)
        assert response.status_code == 200
        answer = response.json()
        assert errors(document, schema_of(document, "/api/sync/batch", "post", 200), answer) == []
        assert len(answer["results"]) == len(operations)
    assert {result["status"] for result in answer["results"]} >= {"applied", "conflict", "rejected", "skipped"}

    asked = Client().get(f"/api/sync/operations/{op.upper()}", headers=headers)
    assert asked.status_code == 200
    verdict = "/api/sync/operations/{op_id}"
    assert errors(document, schema_of(document, verdict, "get", 200), asked.json()) == []
    limits = Client().get("/api/sync/limits", headers=headers)
    assert errors(document, schema_of(document, "/api/sync/limits", "get", 200), limits.json()) == []

    problems = [
        ("/api/sync/batch", "post", 400, Client().post("/api/sync/batch", headers=headers)),
        ("/api/sync/batch", "post", 401, Client().post("/api/sync/batch")),
        (verdict, "get", 404, Client().get(f"/api/sync/operations/{uuid4()}", headers=headers)),
        ("/api/auth/token", "post", 400, Client().post("/api/auth/token")),
    ]
    for address, method, status, response in problems:
        assert response.status_code == status
        fits = schema_of(document, address, method, status, "problem+json")
        assert errors(document, fits, response.json()) == []


@pytest.mark.django_db
def test_well_formed_operations_fit_and_others_do_not(document: dict[str, Any]) -> None:
    """The schema of an operation draws the line where the server draws it."""
    schema = {"$ref": "#/components/schemas/Operation"}
    good = {
        "op_id": str(uuid4()),
        "entity": "customers",
        "action": "insert",
        "entity_id": str(uuid4()),
        "payload": {"name": "Corner shop"},
    }
    assert errors(document, schema, good) == []
    for change in (
        {"payload": {}},
        {"payload": {"name": "x", "version": 3}},
        {"payload": {"name": ""}},
        {"payload": {"name": "x" * 201}},
        {"payload": {"name": None}},
        {"entity": "users"},
        {"action": "upsert"},
        {"action": "update"},
    ):
        assert errors(document, schema, {**good, **change}), change
