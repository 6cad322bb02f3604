"""A plain Python model of the server, written from the protocol's words alone.

It is slow, keeps everything in dictionaries, and imports nothing of the product: what it shares with the server is
the specification. `server.Model` is the way in.
"""

from __future__ import annotations

from tests.model.server import Model
from tests.model.verdict import Verdict

__all__ = ["Model", "Verdict"]
