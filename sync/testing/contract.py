"""HandlerContract: the questions that every registered handler answers the same way."""

from __future__ import annotations

from sync.testing.lifecycle import ConflictContract, DeleteContract, RepeatContract, UpdateContract
from sync.testing.protection import ProtectionContract
from sync.testing.structure import DeclarationContract, InsertContract
from sync.testing.walls import WallContract


class RowContract(
    DeclarationContract, InsertContract, UpdateContract, ConflictContract, DeleteContract, RepeatContract
):
    """What becomes of rows in their own tenant."""


class HandlerContract(RowContract, ProtectionContract, WallContract):
    """Subclass it in a test module and parametrise `sample` over one Sample per registered handler.

    Every question is a method `test_…(sample)` that works on its own: it needs a database and nothing of pytest.
    Errors: AssertionError says what was asked, what was expected and what came.
    """
