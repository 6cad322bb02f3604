"""The server against a plain model of it, over random sequences of batches from several clients.

`PROPERTY_OPERATIONS=20000` and `PROPERTY_SEED=7` in the environment choose a longer run and its seed.
"""

from __future__ import annotations

import os
import sys
from random import SystemRandom

import pytest

from tests.property import arena

pytestmark = pytest.mark.django_db(transaction=True)

OPERATIONS = int(os.environ.get("PROPERTY_OPERATIONS", "2000"))
SEED = int(os.environ.get("PROPERTY_SEED") or SystemRandom().randrange(2**32))
MAX_OPERATIONS = 15


@pytest.mark.promise("P07")
def test_any_sequence_of_batches_ends_as_in_the_model(settings, capsys) -> None:
    """Same verdicts, same tables, whatever the clients send and whatever an admin does in between."""
    settings.SYNC = {**settings.SYNC, "MAX_OPERATIONS": MAX_OPERATIONS}
    run = arena.run(SEED, operations=OPERATIONS, max_operations=MAX_OPERATIONS)
    with capsys.disabled():
        sys.stdout.write(f"\nseed {SEED}: {run.operations} operations in {run.batches} batches\n")
        for (status, code), count in sorted(run.counts.items(), key=str):
            sys.stdout.write(f"{count:8} {status} {code or ''}\n")
