"""How much a randomized test does: a little on every change, all of PROMISES' figures with `TIER=full`."""

from __future__ import annotations

import os
from random import Random, SystemRandom

IS_FULL = os.environ.get("TIER") == "full"


def figure(smoke: int, full: int) -> int:
    """How many times this run tries."""
    return full if IS_FULL else smoke


def seeded() -> tuple[int, Random]:
    """A seed and its random numbers; `PROPERTY_SEED` repeats a run."""
    seed = int(os.environ.get("PROPERTY_SEED") or SystemRandom().randrange(2**32))
    return seed, Random(seed)
