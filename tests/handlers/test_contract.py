"""Every registered handler answers the same questions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sync.handlers.registry import registry
from sync.testing import HandlerContract, ProtectionContract, RowContract, Sample, WallContract
from tests.handlers.samples import SAMPLES

DOCS = Path(__file__).resolve().parents[2] / "docs"

pytestmark = pytest.mark.django_db
every_handler = pytest.mark.parametrize("sample", SAMPLES, ids=[sample.entity for sample in SAMPLES])


@every_handler
class TestRows(RowContract):
    """What becomes of rows in their own tenant."""


@every_handler
@pytest.mark.promise("P27")
class TestProtection(ProtectionContract):
    """Every model field × action."""


@every_handler
@pytest.mark.promise("P11")
class TestWalls(WallContract):
    """Every entity × reference × action: foreign, absent, own id."""


def test_nothing_of_the_contract_is_left_out() -> None:
    """The three classes above are the whole of it."""
    assert set(HandlerContract.__bases__) == {RowContract, ProtectionContract, WallContract}


def test_every_registered_handler_has_one_sample() -> None:
    """A new handler without a sample would not be asked anything."""
    assert sorted(sample.entity for sample in SAMPLES) == sorted(handler.entity for handler in registry)


@every_handler
def test_every_declared_code_is_documented(sample: Sample) -> None:
    """A client developer who meets a code finds its heading."""
    handler = registry.get(sample.entity)
    assert handler is not None
    documented = set(re.findall(r"^### `([a-z_]+)`$", (DOCS / "errors.md").read_text(), re.MULTILINE))
    assert set(handler.codes) <= documented
