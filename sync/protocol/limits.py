"""How much one request may hold. Clients read these numbers at `GET /api/sync/limits`."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one request; the defaults are the protocol's."""

    max_operations: int = 1000
    max_bytes: int = 4 * 1024 * 1024  # of the body, inflated too
    max_depth: int = 32
    max_keys: int = 1000  # in one object

    @property
    def max_elements(self) -> int:
        """Elements of `operations` beyond which some cannot be operations: the shortest one takes 132 bytes.

        Without it a body of commas makes two million refusals, and a log row for each.
        """
        return self.max_bytes // 128

    def as_json(self) -> dict[str, int]:
        """The numbers by name, as `GET /api/sync/limits` and a 413 answer them."""
        return asdict(self)
