"""What a foreign key to a synced row does when that row is deleted through the ORM.

Not here: `has_children` for operations (the engine's). Tombstones keep pointing to their parents for ever, so
`PROTECT` would never let go of a row that once had children; `CASCADE` would delete what nobody asked for.
"""

from __future__ import annotations

from typing import Any

from django.db.models import ProtectedError


def PROTECT_LIVING(collector: Any, field: Any, sub_objs: Any, using: str) -> None:  # noqa: N802 - as Django's
    """An `on_delete`: refuse while a living row refers to this one; tombstones do not count.

    Errors: ProtectedError, with the living rows.
    """
    # Django hands over rows with most columns deferred; whoever shows the error would load them one by one.
    if living := set(sub_objs.using(using).filter(deleted_at=None).defer(None)):
        model, name = field.remote_field.model.__name__, field.name
        raise ProtectedError(
            f"{model} cannot be deleted while living rows of {field.model.__name__}.{name} refer to it.",
            living,
        )
