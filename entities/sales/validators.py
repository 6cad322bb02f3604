"""Bounds of single values, with the messages that clients see."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.validators import BaseValidator, MinValueValidator
from django.utils.deconstruct import deconstructible


@deconstructible
class GreaterThanValidator(BaseValidator):
    """The value lies above the limit; the limit itself is refused."""

    message = "must be greater than %(limit_value)s"
    code = "greater_than"

    def compare(self, a: Any, b: Any) -> bool:
        """Whether `a` is refused."""
        return bool(a <= b)


POSITIVE = GreaterThanValidator(Decimal(0))
NOT_NEGATIVE = MinValueValidator(Decimal(0), message="must be at least 0")
