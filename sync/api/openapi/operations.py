"""What each address of the protocol takes and answers, status by status.

Source: the wire protocol, "Answers for a request as a whole".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sync.api.openapi.examples import batch_example
from sync.protocol.codes import ProblemCode

Json = dict[str, Any]
P = ProblemCode

# {status: (codes, what it means)}
BEFORE_PARSING: dict[int, tuple[tuple[ProblemCode, ...], str]] = {
    401: (
        (P.TOKEN_EXPIRED, P.TOKEN_INVALID, P.UNAUTHENTICATED),
        "No usable token. Decided before the body is parsed; nothing was executed.",
    ),
    403: ((P.FORBIDDEN,), "The user is disabled or no member of the tenant."),
    500: ((P.INTERNAL_ERROR,), "A mistake of the server's. The same op_ids are safe to send again."),
    503: (
        (P.TRY_LATER,),
        "Passing trouble with the database. The same op_ids are safe to send again after Retry-After.",
    ),
}


def described(path: str, method: str) -> Json | None:
    """The operation at this address, wherever a project has mounted it; None where it is not ours."""
    for (tail, its_method), describe in OPERATIONS.items():
        if path.endswith(tail) and method == its_method:
            return describe()
    return None


def _batch() -> Json:
    request, answer = batch_example()
    problems = BEFORE_PARSING | {
        400: ((P.MALFORMED,), "The body is not a batch; `pointer` says where. Nothing was executed."),
        403: (
            (P.CLIENT_OWNER_MISMATCH, P.FORBIDDEN),
            "The client_id belongs to another user, or the caller is no member. Nothing was executed.",
        ),
        413: ((P.TOO_LARGE,), "More than the limits, which are in the body. Nothing was executed."),
    }
    answered = {**_json("BatchAnswer"), "example": answer}
    responses = {
        "200": _response("A verdict for every operation.", answered, extra=("X-Sync-Rejected", "Preference-Applied")),
        **_problems(problems),
        "409": _both_conflicts(answered),
    }
    return {
        "operationId": "sync_batch",
        "summary": "Upload queued operations",
        "description": "One transaction; each operation, or each group of them, can fail alone.",
        "tags": ["sync"],
        "security": [{"bearer": []}],
        "parameters": [*_trace_parameters(), _prefer(), _encoding()],
        "requestBody": {
            "required": True,
            "content": {"application/json": {**_json("Batch"), "example": request}},
        },
        "responses": responses,
    }


def _both_conflicts(answered: Json) -> Json:
    """409 is a batch with verdicts under handling=strict, and a problem while a copy is still running."""
    response = _response(
        "With `Prefer: handling=strict`: the body of a 200, because an operation is not applied. Otherwise "
        "`in_flight`: a copy of an operation is still running; send again after Retry-After.",
        answered,
        extra=("X-Sync-Rejected", "Preference-Applied", "Retry-After"),
    )
    response["content"]["application/problem+json"] = _problem_schema((P.IN_FLIGHT,))
    return response


def _operation() -> Json:
    parameter = {
        "name": "op_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    }
    problems = BEFORE_PARSING | {404: ((P.NOT_FOUND,), "No such operation is known in the tenant.")}
    return {
        "operationId": "sync_operation",
        "summary": "The verdict of one operation",
        "description": "For a client that lost an answer: the stored verdict, or the last logged one.",
        "tags": ["sync"],
        "security": [{"bearer": []}],
        "parameters": [parameter, *_trace_parameters()],
        "responses": {"200": _response("The verdict.", _json("Result")), **_problems(problems)},
    }


def _limits() -> Json:
    return {
        "operationId": "sync_limits",
        "summary": "How much one request may hold",
        "tags": ["sync"],
        "security": [{"bearer": []}],
        "parameters": _trace_parameters(),
        "responses": {"200": _response("The limits.", _json("Limits")), **_problems(BEFORE_PARSING)},
    }


def _token() -> Json:
    problems = BEFORE_PARSING | {
        400: ((P.MALFORMED,), "The body is not what it must be, or a tenant of `tenants` must be named."),
        401: ((P.UNAUTHENTICATED,), "Username and password do not match."),
        413: ((P.TOO_LARGE,), "The body is too large."),
    }
    return _login("token", "Log in with a password", "TokenRequest", problems)


def _refresh() -> Json:
    problems = BEFORE_PARSING | {
        400: ((P.MALFORMED,), "The body is not what it must be."),
        401: ((P.TOKEN_EXPIRED, P.TOKEN_INVALID), "The refresh token is of no use any more: log in again."),
        413: ((P.TOO_LARGE,), "The body is too large."),
    }
    return _login("refresh", "Exchange a refresh token for the next pair", "RefreshRequest", problems)


def _login(name: str, summary: str, body: str, problems: Any) -> Json:
    return {
        "operationId": f"auth_{name}",
        "summary": summary,
        "tags": ["auth"],
        "security": [],
        "parameters": _trace_parameters(),
        "requestBody": {"required": True, "content": {"application/json": _json(body)}},
        "responses": {"200": _response("A pair of tokens.", _json("TokenPair")), **_problems(problems)},
    }


# {(end of the address, method): what describes it}
OPERATIONS: dict[tuple[str, str], Callable[[], Json]] = {
    ("/sync/batch", "POST"): _batch,
    ("/sync/operations/{op_id}", "GET"): _operation,
    ("/sync/limits", "GET"): _limits,
    ("/auth/token", "POST"): _token,
    ("/auth/refresh", "POST"): _refresh,
}


# -- parts ------------------------------------------------------------------------------------------------

TRACE = ("X-Request-ID", "traceparent")
HEADERS: dict[str, Json] = {
    "X-Request-ID": {"description": "Taken from the request, or made.", "schema": {"type": "string"}},
    "traceparent": {"description": "As sent, when valid (W3C).", "schema": {"type": "string"}},
    "X-Sync-Rejected": {
        "description": "How many operations are not applied.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Preference-Applied": {"description": "What of Prefer was followed.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": "The challenge: Bearer.", "schema": {"type": "string"}},
}


def _json(name: str) -> Json:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


def _response(description: str, content: Json, *, extra: tuple[str, ...] = ()) -> Json:
    headers = {name: HEADERS[name] for name in (*TRACE, *extra)}
    return {"description": description, "headers": headers, "content": {"application/json": content}}


def _problems(problems: dict[int, tuple[tuple[ProblemCode, ...], str]]) -> Json:
    return {str(status): _problem(status, *problems[status]) for status in sorted(problems)}


def _problem(status: int, codes: tuple[ProblemCode, ...], description: str) -> Json:
    extra = {401: ("WWW-Authenticate",), 503: ("Retry-After",)}.get(status, ())
    return {
        "description": description,
        "headers": {name: HEADERS[name] for name in (*TRACE, *extra)},
        "content": {"application/problem+json": _problem_schema(codes)},
    }


def _problem_schema(codes: tuple[ProblemCode, ...]) -> Json:
    narrowed = {"type": "object", "properties": {"code": {"enum": [str(code) for code in codes]}}}
    return {"schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]}}


def _header(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _trace_parameters() -> list[Json]:
    text: Json = {"type": "string"}
    return [
        _header("X-Request-ID", "Printable ASCII; logged and returned.", {**text, "maxLength": 128}),
        _header("traceparent", "W3C trace context; logged and returned.", text),
    ]


def _prefer() -> Json:
    return _header(
        "Prefer",
        "`return=representation` adds the row to each applied result; `handling=strict` answers 409 when any "
        "operation is not applied.",
        {"type": "string"},
    )


def _encoding() -> Json:
    return _header(
        "Content-Encoding", "The body may be gzip; its limit holds inflated.", {"enum": ["gzip", "identity"]}
    )
