"""What happens to a database connection before somebody else gets it from the pool.

Not here: the size of the pool (`settings`).
"""

from __future__ import annotations

from typing import Any

import psycopg


def reset(connection: psycopg.Connection[Any]) -> None:
    """Forget every setting of the session that the last user left, in the pool's own thread.

    A handler can set one where no filter sees it, inside a function or a DO block; the next request could then run
    as another tenant. The time zone is Django's own and is put back.
    """
    connection.execute("RESET ALL")
    connection.execute("SET TIME ZONE 'UTC'")
    if not connection.autocommit:
        connection.commit()
