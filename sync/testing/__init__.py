"""What the tests of an app need: a phone that speaks the protocol in process, and one contract for every handler.

Nothing here runs in a server. How to use it: docs/test-a-handler.md.
"""

from sync.testing.answer import Answer
from sync.testing.contract import HandlerContract, RowContract
from sync.testing.phone import Phone, delete, insert, update
from sync.testing.protection import ProtectionContract
from sync.testing.sample import Attempt, Sample
from sync.testing.walls import WallContract

__all__ = [
    "Answer",
    "Attempt",
    "HandlerContract",
    "Phone",
    "ProtectionContract",
    "RowContract",
    "Sample",
    "WallContract",
    "delete",
    "insert",
    "update",
]
