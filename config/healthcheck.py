"""Asks the server of this container whether it lives: `python -m config.healthcheck`, exit code 0 for yes.

It uses nothing but the standard library, and no settings: it must not fail for want of anything but the server.
"""

import http.client
import os
import sys


def main() -> int:
    """Ask once, over plain HTTP from inside."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=3)
    try:
        connection.request("GET", "/healthz", headers={"Host": _host()})
        return 0 if connection.getresponse().status == http.HTTPStatus.OK else 1
    except OSError:
        return 1


def _host() -> str:
    # Django answers 400 to any name that is not one of its own.
    first = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    return first.removeprefix(".") if first not in {"", "*"} else "localhost"


if __name__ == "__main__":
    sys.exit(main())
