"""The answer to an upload, with messages that say what came instead of what was expected.

Not here: sending (`phone`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

Json = dict[str, Any]


class Answer(Sequence[Json]):
    """The answer to one batch: a sequence of results in request order, and `answer["op_id"]`.

    Errors: AssertionError when results are asked for and the request was refused as a whole.
    """

    def __init__(self, *, status: int, body: Json, headers: Mapping[str, str]) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def results(self) -> list[Json]:
        """One object per operation."""
        if "results" not in self.body:
            raise AssertionError(f"The request was refused as a whole: {self.status} {self.body.get('code')}")
        found: list[Json] = self.body["results"]
        return found

    @property
    def verdicts(self) -> list[str]:
        """`status` or `status/code` of each operation: ["applied", "conflict/stale_version"]."""
        return [_verdict(result) for result in self.results]

    @property
    def txids(self) -> list[int]:
        """Every transaction to wait for on the replication stream."""
        found: list[int] = self.body["txids"]
        return found

    def expect(self, *verdicts: str) -> Answer:
        """One verdict for each operation, spelled like `verdicts`. Errors: AssertionError shows both side by side."""
        results = self.results
        if [_verdict(result) for result in results] == list(verdicts):
            return self
        count = max(len(results), len(verdicts))
        expected = [*verdicts, *["nothing"] * (count - len(verdicts))]
        came = [*map(_described, results), *["nothing"] * (count - len(results))]
        lines = [
            f"{'  ' if came[n].split()[0] == expected[n] else '! '}{n}: expected {expected[n]}, got {came[n]}"
            for n in range(count)
        ]
        raise AssertionError("\n".join(["Not the expected verdicts:", *lines]))

    def expect_problem(self, status: int, code: str) -> Answer:
        """The request as a whole was refused, for this reason."""
        if (self.status, self.body.get("code")) != (status, code):
            came = ", ".join(self.verdicts) if "results" in self.body else f"{self.status} {self.body.get('code')}"
            raise AssertionError(f"Expected {status} {code}, got {came}")
        return self

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Json]:
        return iter(self.results)

    @overload
    def __getitem__(self, key: int | str) -> Json: ...
    @overload
    def __getitem__(self, key: slice) -> list[Json]: ...
    def __getitem__(self, key: int | str | slice) -> Json | list[Json]:
        if not isinstance(key, str):
            return self.results[key]
        for result in self.results:
            if result["op_id"] == key:
                return result
        raise KeyError(key)

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.body.get('code') or self.verdicts}>"


def _verdict(result: Json) -> str:
    return f"{result['status']}/{result['code']}" if result["code"] else str(result["status"])


def _described(result: Json) -> str:
    error = result.get("error")
    if not error:
        return _verdict(result)
    fields = "; ".join(f"{name} {', '.join(messages)}" for name, messages in error.get("fields", {}).items())
    return f"{_verdict(result)} ({result['entity']}: {error['message']}{f' {fields}' if fields else ''})"
