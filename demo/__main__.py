"""The command line: `python -m demo` plays the demo, `python -m demo serve` keeps a server."""

from __future__ import annotations

import argparse
import os
import signal
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import OperationalError

from config.embedded_postgres.errors import EmbeddedPostgresError
from demo.errors import DemoError


def main() -> int:
    """Do what the arguments say. The exit code: 0 as expected, 1 not, 130 after a Ctrl-C."""
    arguments = _arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # However we are ended, what was started is stopped. A shell starts background jobs deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except (DemoError, EmbeddedPostgresError, OperationalError, CommandError, ImproperlyConfigured) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("LOG_LEVEL", "INFO" if arguments.command == "serve" else "WARNING")
    django.setup()
    if arguments.command == "serve":
        from demo.serve import serve

        return serve(arguments.port, last_demo=arguments.last_demo)
    from demo.play import play

    return play()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Play an offline phone against the server.")
    commands = parser.add_subparsers(dest="command")
    serve = commands.add_parser("serve", help="keep a server with sample data running")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument(
        "--last-demo", action="store_true", help="serve the database that the last `python -m demo` left"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
