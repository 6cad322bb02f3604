"""A model with a column of every kind, which has no table, and its handler."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.test.utils import isolate_apps

from sync.handlers import EntityHandler, Scope
from sync.models import SyncedModel

with isolate_apps():

    class Thing(SyncedModel):
        """Everything that a payload can carry."""

        class Kind(models.TextChoices):
            SMALL = "small"
            LARGE = "large"

        tenant_id = models.UUIDField()
        title = models.CharField(max_length=5, validators=[RegexValidator(r"^[a-z ]*$", "must be lower case")])
        nick = models.CharField(max_length=5, null=True, blank=True)
        remark = models.TextField(blank=True)
        kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SMALL)
        amount = models.DecimalField(
            max_digits=6, decimal_places=2, validators=[MinValueValidator(Decimal(0), message="must be at least 0")]
        )
        tiny = models.DecimalField(max_digits=12, decimal_places=8, null=True)
        count = models.IntegerField(db_default=3)
        few = models.PositiveSmallIntegerField(default=0)
        many = models.BigIntegerField(null=True)
        done = models.BooleanField(default=False)
        at = models.DateTimeField()
        day = models.DateField(null=True)
        ref = models.UUIDField(null=True)
        parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True)
        extra = models.JSONField(null=True)

        class Meta:
            app_label = "things"
            db_table = "things"


WRITES = (  # in the model's order
    *("title", "nick", "remark", "kind", "amount", "tiny", "count", "few", "many"),
    *("done", "at", "day", "ref", "parent_id"),
)


class ThingHandler(EntityHandler[Thing]):
    """Things."""

    entity = "things"
    model = Thing
    writes = WRITES
    scope = Scope(tenant="tenant_id")


def payload(**columns: Any) -> dict[str, Any]:
    """What an insert must bring, and more."""
    return {"title": "lamp", "amount": "1.50", "at": "2026-11-20T10:00:00Z", **columns}
