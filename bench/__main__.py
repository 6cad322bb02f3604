"""`make bench`: what a batch costs on the reference executor, in statements and in time.

In process, on a database of its own: no network, no HTTP server. The workload is a shop day: sales, their items,
updates of customers, 2 % failing.
"""

from __future__ import annotations

import os
import statistics
import time

import django

ROUNDS = 5
SIZES = (1, 10, 100)


def main() -> None:
    """Print one row per batch size: medians of the rounds, interleaved."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        _measure()
    finally:
        teardown_databases(databases, verbosity=0)


def _measure() -> None:
    from bench.shop import Shop

    shop = Shop()
    shop.upload(shop.day(20))  # warm: connections, compiled schemas
    seconds: dict[int, list[float]] = {size: [] for size in SIZES}
    statements: dict[int, int] = {}
    for _ in range(ROUNDS):
        for size in SIZES:
            operations = shop.day(size)
            started = time.perf_counter()
            shop.upload(operations)
            seconds[size].append(time.perf_counter() - started)
    for size in SIZES:
        statements[size] = shop.count_statements(shop.day(size))
    alone = statistics.median(seconds[1])
    print(f"{'operations':>10} {'statements':>11} {'per op':>7} {'ms':>8} {'ms per op':>10} {'against one':>12}")
    for size in SIZES:
        taken = statistics.median(seconds[size])
        per_op = taken / size
        print(
            f"{size:>10} {statements[size]:>11} {statements[size] / size:>7.1f} {taken * 1000:>8.1f} "
            f"{per_op * 1000:>10.2f} {per_op / alone:>11.2f}x"
        )


if __name__ == "__main__":
    main()
