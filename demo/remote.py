"""Phones at a distance: each is a process of its own (`phone.py`), told what to do over a pipe.

Not here: what they do, and what their answers mean.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from demo.errors import DemoError
from demo.steps import Phone

PROGRAM = Path(__file__).with_name("phone.py")
STOP_PATIENCE = 5  # seconds


class Phones:
    """Switched on when first used, switched off together."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._password = password
        self._processes: dict[Phone, subprocess.Popen[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.communicate(timeout=STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    def tell(self, phone: Phone, do: str, **details: Any) -> dict[str, Any]:
        """Let a phone do something, and return what it says. Errors: DemoError when it broke."""
        process = self._processes.get(phone) or self._switch_on(phone)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = process.stdout.readline()
        if not line:
            _, complaint = process.communicate(timeout=STOP_PATIENCE)
            raise DemoError(f"The phone of {phone.user} broke:\n{complaint.strip()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _switch_on(self, phone: Phone) -> subprocess.Popen[str]:
        # -I: it sees neither this package nor anything installed, as little as a real phone does.
        self._processes[phone] = subprocess.Popen(  # noqa: S603 - our own program
            [
                *(sys.executable, "-I", "-S", str(PROGRAM), "--url", self._url),
                *("--user", phone.user, "--password", self._password, "--client-id", phone.client_id),
                *("--clock-ahead-minutes", str(phone.clock_ahead_minutes)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches us alone; then we switch it off
        )
        return self._processes[phone]
