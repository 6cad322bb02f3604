"""The container's health check: what counts as alive, and under which name it asks."""

import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from config import healthcheck


class Answer(BaseHTTPRequestHandler):
    """Lives under one name only, as a production server does."""

    def do_GET(self) -> None:
        known = self.headers["Host"] == "app.example.org" and self.path == "/healthz"
        self.send_response(200 if known else 400)
        self.end_headers()

    def log_message(self, *message: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        monkeypatch.setenv("PORT", str(server.server_port))
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("hosts", ["app.example.org", ".app.example.org", "app.example.org, other.example.org"])
def test_a_server_that_answers_is_alive(server: HTTPServer, monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    """It asks under a name the server answers to."""
    monkeypatch.setenv("ALLOWED_HOSTS", hosts)
    assert healthcheck.main() == 0


@pytest.mark.parametrize("hosts", ["", "*"])
def test_without_a_name_it_asks_for_localhost(server: HTTPServer, monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    """An answer that is not 200 is no sign of life."""
    monkeypatch.setenv("ALLOWED_HOSTS", hosts)
    assert healthcheck.main() == 1


def test_a_port_that_nobody_listens_on_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check ends with 1, not with a trace."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setitem(os.environ, "PORT", str(taken.getsockname()[1]))
        assert healthcheck.main() == 1
