"""Trying a batch again when the database has passing trouble.

Not here: what counts as passing (`errors`), what a try does (`engine`).
"""

from __future__ import annotations

import random
import time

import structlog
from django.db import connection

from sync.conf import conf
from sync.engine.errors import Fault, classify, trace_of
from sync.protocol.codes import ProblemCode
from sync.protocol.problems import Problem

logger = structlog.get_logger(__name__)


class Attempts:
    """Counts the tries of one batch, and says when to stop."""

    def __init__(self) -> None:
        self.count = 0
        self._deadline = time.monotonic() + conf().RETRY_BUDGET_MS / 1000

    def begin(self) -> None:
        """Note that a try starts."""
        self.count += 1

    def pause_or_give_up(self, error: Exception) -> None:
        """Wait before the next try: longer each time, and by chance, so that rivals do not meet again.

        Errors: `error` itself when it is not passing trouble; Problem 503 when tries or time are used up.
        """
        if classify(error) is not Fault.TRANSIENT:
            raise error
        pause = conf().RETRY_BASE_MS / 1000 * 2 ** (self.count - 1) * random.uniform(0.5, 1.5)  # noqa: S311
        connection.close_if_unusable_or_obsolete()
        if self.count >= conf().ATTEMPTS or time.monotonic() + pause > self._deadline:
            logger.warning("batch given up", attempts=self.count, **trace_of(error))
            raise try_later() from error
        time.sleep(pause)


def try_later() -> Problem:
    """The answer to passing trouble that outlived our own tries."""
    return Problem(
        503,
        ProblemCode.TRY_LATER,
        "The database has trouble. Send the same operations again later; those that were applied will not apply twice.",
        retry_after=conf().RETRY_AFTER_S,
    )


def in_flight() -> Problem:
    """The answer while a copy of an operation runs elsewhere."""
    return Problem(
        409,
        ProblemCode.IN_FLIGHT,
        "A copy of an operation of this batch is still running. Send the batch again to get its verdicts.",
        retry_after=1,
    )
