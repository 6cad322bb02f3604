"""`make demo` and `make serve` as a user runs them: processes of their own, judged by what they print and leave.

The demo plays in a database of its own; a server for a test gets one that is dropped afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import connection

from demo.server import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
DEVELOPMENT = {**os.environ, "DEBUG": "1", "PYTHONUNBUFFERED": "1"}
PATIENCE = 150  # seconds for one run; other tests run beside it, and demos wait for each other

# Its first scene, with one verdict that nobody will give.
TAMPERED = """
import sys
from dataclasses import replace
import django
django.setup()
from demo.play import play
from demo.scenario import MORNING
from demo.steps import rejected
steps = [replace(step, must_be=rejected("forbidden")) if step.did == "Adds Pescadería Mar" else step for step in MORNING.steps]
sys.exit(play([replace(MORNING, steps=steps)]))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**DEVELOPMENT, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**DEVELOPMENT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.communicate(timeout=PATIENCE)


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    read = ""
    assert process.stdout is not None
    while wanted not in read:
        line = process.stdout.readline()
        assert line, f"it ended before it said {wanted!r}:\n{read}"
        read += line
    return read


def is_served(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def port_in(output: str) -> int:
    found = re.search(r"http://127\.0\.0\.1:(\d+)", output)
    assert found, output
    return int(found.group(1))


@pytest.fixture
def own_database(django_db_setup, django_db_blocker) -> Iterator[str]:
    """The URL of an empty database beside that of the tests."""
    name = f"serve_{uuid4().hex}"
    with django_db_blocker.unblock():
        lookout = connection.copy(alias="lookout")
        lookout.settings_dict["OPTIONS"].pop("pool", None)
        with lookout.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        at = lookout.settings_dict
        credentials = f"{at['USER']}:{quote(at['PASSWORD'], safe='')}"
        yield f"postgres://{credentials}@{at['HOST'] or '127.0.0.1'}:{at['PORT'] or 5432}/{name}"
        with lookout.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        lookout.close()


def test_the_demo_ends_with_every_verdict_as_expected():
    """From nothing to a report in one command; it fits a terminal, and it leaves no server behind."""
    done = run("-m", "demo")

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Every one of \d\d verdicts is the expected one", done.stdout)
    assert "✗" not in done.stdout
    assert re.search(
        r"^ *\d+ +Renames Luna, too +update customers +conflict +stale_version +after_fix +✓$",
        done.stdout,
        re.MULTILINE,
    )
    assert re.search(r"txid \d+ · txids \[\d+\] · request id \S+", done.stdout)
    assert re.search(r"http://\S+/admin/sync/syncoperation/\?q=[0-9a-f-]{36}", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 110
    assert "\033" not in done.stdout, "colours are for terminals"
    assert not is_served(port_in(done.stdout))


def test_a_verdict_that_is_not_the_expected_one_fails_the_demo():
    """The planted fault: one expectation is wrong, and the demo says which, and what came instead."""
    done = run("-c", TAMPERED)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "✗ Adds Pescadería Mar: status" in done.stdout
    assert "expected 'rejected'" in done.stdout
    assert "answered 'applied'" in done.stdout
    assert "Not as expected" in done.stdout


@pytest.mark.parametrize(("ending", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_interrupted_stops_its_server(ending, exit_code):
    with started("-m", "demo") as demo:
        port = port_in(read_until(demo, "The real server"))
        assert is_served(port)

        demo.send_signal(ending)
        demo.communicate(timeout=PATIENCE)

        assert demo.returncode == exit_code
        assert not is_served(port)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the commands it prints are for curl")
def test_serve_prints_commands_that_work_and_stops_on_ctrl_c(own_database):
    """What it prints can be pasted: the operation is applied, and replayed when it is pasted again."""
    port = free_port()
    with started("-m", "demo", "serve", "--port", str(port), DATABASE_URL=own_database) as serving:
        welcome = read_until(serving, "Ctrl-C stops the server")
        assert f"http://127.0.0.1:{port}/admin/" in welcome
        assert all(name in welcome for name in ("norte-seller", "norte-manager", "sur-manager", "admin"))

        commands = welcome[welcome.index("TOKEN=") : welcome.index("; echo")]
        first, again = (
            subprocess.run(["bash", "-c", commands], capture_output=True, text=True, check=True, timeout=60).stdout
            for _ in range(2)
        )
        assert '"status":"applied"' in first
        assert '"replayed":false' in first
        assert '"replayed":true' in again

        taken = run("-m", "demo", "serve", "--port", str(port))
        assert taken.returncode == 1
        assert f"Port {port} is taken" in taken.stderr
        assert "Traceback" not in taken.stderr

        serving.send_signal(signal.SIGINT)
        rest, _ = serving.communicate(timeout=PATIENCE)
        assert serving.returncode == 0
        assert "The data stays" in rest
        deadline = time.monotonic() + 5
        while is_served(port) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not is_served(port)


def test_the_phone_knows_nothing_but_http():
    """It imports the standard library alone, so that it proves what any client can do."""
    program = (ROOT / "demo" / "phone.py").read_text()
    imported = set(re.findall(r"^(?:from|import) (\w+)", program, re.MULTILINE))

    assert imported <= sys.stdlib_module_names
