"""Start-up of the framework: finds the handlers of every installed app, then closes the registry."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class SyncConfig(AppConfig):
    """Django's entry to `sync`."""

    name = "sync"
    verbose_name = "Sync"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import `handlers` of every app, so that each entity is known before the first request."""
        import sync.auth.checks
        import sync.checks  # noqa: F401 - both register system checks
        from sync.handlers.registry import registry

        autodiscover_modules("handlers")
        registry.freeze()
