"""The domains of this deployment, as one Django app."""

from django.apps import AppConfig


class EntitiesConfig(AppConfig):
    """Django's entry to `entities`."""

    name = "entities"
    verbose_name = "Business data"
    default_auto_field = "django.db.models.BigAutoField"
