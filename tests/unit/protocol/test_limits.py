"""How much one request may hold."""

import pytest

from sync.protocol.envelope import read_batch
from sync.protocol.limits import Limits
from sync.protocol.problems import Problem
from tests.unit.engine.make import NOW

CLIENT = b'"client_id": "00000000-0000-4000-8000-000000000001"'


def test_more_elements_than_operations_fit_into_the_body_are_refused_at_once():
    """A body of commas is not answered element by element."""
    body = b"{" + CLIENT + b', "operations": [' + b",".join([b"0"] * 2_000_000) + b"]}"
    with pytest.raises(Problem) as caught:
        read_batch(body, limits=Limits(), received_at=NOW)
    assert (caught.value.status, caught.value.code) == (413, "too_large")
    assert caught.value.extra["limits"]["max_operations"] == 1000


def test_more_operations_than_the_limit_are_no_error():
    """They are read; the engine puts them off."""
    body = b"{" + CLIENT + b', "operations": [' + b",".join([b"{}"] * 5_000) + b"]}"
    assert len(read_batch(body, limits=Limits(), received_at=NOW).operations) == 5_000
