"""What a connection of the pool brings along from its last user: nothing."""

from time import sleep

import pytest
from django.db import connection

HIDDEN = "DO $$ BEGIN PERFORM set_config('sync.tenant', 'somebody else', false); END $$"


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("P21")
def test_a_setting_of_the_session_does_not_survive_the_return_to_the_pool():
    """Set where no filter sees it, and gone before the next request."""
    backends = []
    while len(backends) == len(set(backends)) < 16:  # until one comes back: the pool resets in a thread of its own
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), current_setting('sync.tenant', true), current_setting('TimeZone')")
            pid, tenant, zone = cursor.fetchone()
            cursor.execute(HIDDEN)
        backends.append(pid)
        assert not tenant
        assert zone == "UTC"
        connection.close()
        sleep(0.05)
    assert len(backends) > len(set(backends))
