"""`manage.py sample_data`: two businesses with people and a small shop each, for development."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from entities import sample


class Command(BaseCommand):
    """Makes the sample data that is missing. Refused unless DEBUG is on."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Errors: CommandError without DEBUG."""
        try:
            created = sample.create()
        except sample.SampleDataRefused as refused:
            raise CommandError(str(refused)) from None
        if options["verbosity"] > 0:
            made = f"Made {' and '.join(created)}." if created else "It was all there already."
            self.stdout.write(f"{made} Everybody's password is {sample.PASSWORD!r}.")
