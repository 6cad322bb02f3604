"""Log output: one JSON line per event on stderr in production, coloured lines in development.

It decides how a line looks, not what is logged. Events of the standard library and of structlog take the same path.
"""

from typing import Any

import structlog

# What every line carries, whoever wrote it.
SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure(*, level: str, readable: bool) -> dict[str, Any]:
    """Set structlog up and return the dictionary for Django's `LOGGING`."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*SHARED_PROCESSORS, structlog.stdlib.ExtraAdder()],
                "processors": _renderers(readable=readable),
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django gives its own logger handlers of its own; ours is enough.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
        },
    }


def _renderers(*, readable: bool) -> list[Any]:
    clean = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if readable:
        return [clean, structlog.dev.ConsoleRenderer(colors=False)]
    # Traces as structured frames would carry local variables, and those hold field values of users.
    return [clean, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
