"""The handlers of every domain, where the framework looks for them."""

import entities.sales.handlers  # noqa: F401 - registers
