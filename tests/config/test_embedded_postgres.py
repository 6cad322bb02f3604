"""The embedded Postgres: when it starts, who may share it, what it survives, and when it goes away.

Every test works in a data directory of its own and ends only processes it has started, by their pid.
"""

import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from config.embedded_postgres import binaries
from config.embedded_postgres.place import CHECKOUT
from tests.config.ground import (
    DJANGO,
    NOBODY,
    PATIENCE,
    STAY,
    Ground,
    answers,
    can_be_run_by_nobody,
    leave,
    major,
    port_told_by,
)


def test_nothing_starts_before_the_first_connection(ground: Ground) -> None:
    """`help`, `check` and image builds set Django up and connect to nothing."""
    ground.run(DJANGO + "connection.ops.quote_name('a')")
    assert list(ground.home.iterdir()) == []


def test_the_first_connection_starts_it(ground: Ground) -> None:
    """The server is the one that was promised: logical replication, UTC, loopback only, a role that is no superuser."""
    shown = ground.run(
        DJANGO
        + """
with connection.cursor() as cursor:
    for name in "wal_level", "TimeZone", "listen_addresses", "is_superuser", "fsync":
        cursor.execute(f"SHOW {name}")
        print(cursor.fetchone()[0], end=" ")
    cursor.execute("SELECT datlocprovider, current_user FROM pg_database WHERE datname = current_database()")
    print(*cursor.fetchone())
"""
    )
    assert shown == "logical UTC 127.0.0.1 off off b writeback"


def test_durability_is_only_given_up_on_request(ground: Ground) -> None:
    """Without the fast mode the data lie in another directory and are synced."""
    ground.environment["EMBEDDED_POSTGRES_FAST"] = "0"
    ground.data = ground.home / str(major())
    shown = ground.run(
        DJANGO + 'cursor = connection.cursor(); cursor.execute("SHOW fsync"); print(cursor.fetchone()[0])'
    )
    assert shown == "on"
    assert ground.data.exists()
    assert not ground.data.with_name(f"{major()}-fast").exists()


def test_the_password_is_private_and_needed(used: Ground) -> None:
    """Another user of the machine can reach the port, but not the data."""
    _, port = used.enter()
    secret = used.data / "writeback.password"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert used.data.stat().st_mode & 0o777 == 0o700
    import psycopg

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=port, user="writeback", password="guess", dbname="writeback")


def test_the_port_lies_below_the_ephemeral_range_and_is_remembered(used: Ground) -> None:
    """A tool that was told the port once may use it again after a restart."""
    user, port = used.enter()
    assert port < 32_768
    leave(user)
    used.wait_until_stopped()
    _, again = used.enter()
    assert again == port


def test_a_port_that_was_taken_meanwhile_is_given_up(used: Ground) -> None:
    """Somebody else's server on our port must not keep ours from starting."""
    user, port = used.enter()
    leave(user)
    used.wait_until_stopped()
    with socket.create_server(("127.0.0.1", port)):
        _, other = used.enter()
    assert other != port


def test_processes_that_start_at_once_share_one_server(ground: Ground) -> None:
    """Test workers and web workers all begin together, on an empty directory."""
    users = [ground.start() for _ in range(5)]
    assert len({port_told_by(user) for user in users}) == 1


def test_the_last_one_to_leave_stops_it(used: Ground) -> None:
    """While anyone is there the server stays, whoever started it."""
    first, _ = used.enter()
    second, port = used.enter()
    leave(first)
    time.sleep(0.5)
    assert answers(port)
    leave(second)
    used.wait_until_stopped()
    assert not answers(port)


def test_a_forked_worker_keeps_it_running(used: Ground) -> None:
    """A web server starts its workers by forking, and may leave them alone."""
    forking = STAY.replace("sys.stdin.read()", "import os; os.fork() and os._exit(0); sys.stdin.read()")
    parent, port = used.enter(code=forking)
    parent.wait(PATIENCE)
    time.sleep(0.5)
    assert answers(port)
    leave(parent)
    used.wait_until_stopped()


def test_a_killed_user_leaves_no_server_behind(used: Ground) -> None:
    """`kill -9` runs no exit handler; the kernel gives the lock back all the same."""
    user, _ = used.enter()
    user.kill()
    user.wait(PATIENCE)
    used.wait_until_stopped()


def test_it_starts_again_after_its_postmaster_was_killed(used: Ground) -> None:
    """A stale postmaster.pid and shared memory in use do not keep the next process out, and commits are still there."""
    used.run(DJANGO + 'connection.cursor().execute("CREATE TABLE kept ()")')
    used.wait_until_stopped()
    user, _ = used.enter()
    os.kill(used.postmaster(), signal.SIGKILL)
    leave(user)
    assert used.run(DJANGO + 'print("kept" in connection.introspection.table_names())') == "True"


def test_a_connection_revives_it_after_its_postmaster_was_killed(used: Ground) -> None:
    """A server that is killed under a running Django process comes back with the next connection."""
    pids = used.run(
        DJANGO
        + f"""
from pathlib import Path
print(reached())
connection.close()
os.kill(read_pid_file(Path({str(used.data)!r})).pid, signal.SIGKILL)
time.sleep(1)  # its children notice
print(reached())
"""
    ).split()
    assert len(set(pids)) == 2


def test_a_pid_file_that_names_another_program_is_removed(used: Ground) -> None:
    """After a restart of a container the old pid usually belongs to somebody else."""
    user, _ = used.enter()
    pid_file = used.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    leave(user)
    used.wait_until_stopped()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
    used.enter()
    assert used.postmaster() != os.getpid()


def test_an_interrupted_first_start_leaves_no_half_cluster(ground: Ground) -> None:
    """What initdb had begun is thrown away by the next start."""
    (ground.home / f"{major()}-fast.unfinished" / "base").mkdir(parents=True)
    ground.enter()
    assert not (ground.home / f"{major()}-fast.unfinished").exists()


def test_a_ctrl_c_in_the_terminal_does_not_reach_it(used: Ground) -> None:
    """The terminal interrupts its whole process group; server and guardian have groups of their own."""
    user, _ = used.enter()
    assert os.getpgid(used.postmaster()) != os.getpgid(user.pid)
    assert os.getsid(used.postmaster()) != os.getsid(user.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become someone else")
def test_it_runs_without_root(ground: Ground) -> None:
    """An ordinary user starts it directly."""
    python = next((path for path in ("/usr/bin/python3", sys.executable) if can_be_run_by_nobody(path)), None)
    if python is None:
        pytest.skip("no Python here that an ordinary user can run")
    shutil.copytree(CHECKOUT / "config", ground.home / "checkout" / "config")
    copy = binaries.copied_to(ground.home / "copy", binaries.find(None))
    own = ground.home / "own"
    own.mkdir()
    os.chown(own, NOBODY, NOBODY)
    ground.data = own / f"{major()}-fast"
    ground.environment |= {
        "PYTHONPATH": str(ground.home / "checkout"),
        "EMBEDDED_POSTGRES_DATA": str(own),
        "EMBEDDED_POSTGRES_BIN": str(copy.directory),
    }
    drop = f"import os; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    ground.enter(code=drop + STAY, python=python)
    assert ground.data.stat().st_uid == NOBODY


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
@pytest.mark.parametrize("closed", [False, True], ids=["open checkout", "closed checkout"])
def test_root_without_namespaces_runs_it_as_nobody(ground: Ground, tmp_path: Path, closed: bool) -> None:
    """Most containers forbid namespaces. A checkout that only root can read has its data and binaries elsewhere."""
    no_unshare = tmp_path / "bin" / "unshare"
    no_unshare.parent.mkdir()
    no_unshare.write_text("#!/bin/sh\nexit 1\n")
    no_unshare.chmod(0o755)
    ground.environment["PATH"] = f"{no_unshare.parent}:{ground.environment['PATH']}"
    checkout = ground.home / "checkout"
    checkout.mkdir(mode=0o700 if closed else 0o755)
    del ground.environment["EMBEDDED_POSTGRES_DATA"]
    elsewhere = ground.home / "elsewhere"
    ground.data = (elsewhere if closed else checkout / ".postgres") / "nobody" / f"{major()}-fast"
    where = (
        "from config.embedded_postgres import place\n"
        f"place.CHECKOUT = place.Path({str(checkout)!r})\n"
        f"place._home_outside = lambda checkout: place.Path({str(elsewhere)!r})\n"
    )
    users = [ground.start(where + STAY) for _ in range(3)]
    assert len({port_told_by(user) for user in users}) == 1
    assert ground.data.stat().st_uid == NOBODY
    assert checkout.stat().st_mode & 0o777 == (0o700 if closed else 0o755)
    leave(users[0])
    assert ("cannot reach the checkout" in (users[0].stderr.read() if users[0].stderr else "")) == closed


def test_an_override_without_binaries_says_so(ground: Ground) -> None:
    """A typing mistake in EMBEDDED_POSTGRES_BIN is not answered with another Postgres."""
    ground.environment["EMBEDDED_POSTGRES_BIN"] = str(ground.home)
    _, err = ground.start().communicate(timeout=PATIENCE)
    assert "EMBEDDED_POSTGRES_BIN" in err


def test_a_home_that_cannot_be_written_says_what_to_do(ground: Ground) -> None:
    """A read-only checkout is a matter of one setting, and the message names it."""
    (ground.home / "file").touch()
    ground.environment["EMBEDDED_POSTGRES_DATA"] = str(ground.home / "file" / "below")
    _, err = ground.start().communicate(timeout=PATIENCE)
    assert "Set EMBEDDED_POSTGRES_DATA to a directory of your own" in err
