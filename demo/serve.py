"""`make serve`: the server in the foreground, with sample data that stays from one run to the next.

Not here: the demo, which plays in a database of its own.
"""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings

from demo import database, server
from demo.errors import DemoError
from entities import sample

WORKERS = 2


def serve(port: int, *, last_demo: bool) -> int:
    """Serve until Ctrl-C. With `last_demo`, the database that the last demo left, as it is.

    Errors: DemoError when the port is taken, or the server cannot start.
    """
    if not server.is_free(port):
        raise DemoError(f"Port {port} is taken. Choose another one: make serve PORT={port + 1}")
    environment = {}
    if last_demo:
        environment["DATABASE_URL"] = database.last_one()
    else:
        print("Bringing tables and sample data up to date …", flush=True)
        database.prepare()
    with server.running(port, workers=WORKERS, environment=environment, quiet=False) as running:
        print(_welcome(running.url, database.NAME if last_demo else _database()), flush=True)
        try:
            exit_code = running.wait()
        except KeyboardInterrupt:
            print("\nStopping. The data stays.", flush=True)
            return 0
    raise DemoError(f"The server ended by itself, with exit code {exit_code}.")


def _database() -> str:
    return "the database of DATABASE_URL" if settings.DATABASE_URL else "the embedded Postgres; it keeps its data"


def _welcome(url: str, where: str) -> str:
    accounts = "\n".join(
        f"              {username:<15} {role} of {business}"
        for business, people in sample.PEOPLE.items()
        for username, role in people.items()
    )
    return f"""
  The server   {url}
  The admin    {url}/admin/
  The API      {url}/api/docs
  Data         {where}
  Accounts     (password of all: {sample.PASSWORD})
{accounts}
              {sample.ADMIN:<15} superuser, for the admin

  Log in and upload one operation. Paste it twice, and the second time it is answered `"replayed": true`.

{_curl(url)}

  Ctrl-C stops the server.
"""


def _curl(url: str) -> str:
    """Commands for a shell. The ids are new each time they are printed, and the same each time they are pasted."""
    return f"""\
TOKEN=$(curl -s {url}/api/auth/token -H 'Content-Type: application/json' \\
  -d '{{"username": "norte-seller", "password": "{sample.PASSWORD}"}}' | sed 's/.*"access":"\\([^"]*\\)".*/\\1/')
curl -s {url}/api/sync/batch -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{
  "client_id": "{uuid4()}",
  "operations": [{{
    "op_id": "{uuid4()}", "entity": "customers", "action": "insert",
    "entity_id": "{uuid4()}", "payload": {{"name": "Panadería Aurora"}}
  }}]
}}'; echo"""
