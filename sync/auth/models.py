"""The one table of the tokens we issue: a row for each login of a device, not one for each token.

Not here: the tokens themselves, which are stored nowhere, and the rules of their rotation (`refresh`).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from sync.protocol.ids import uuid7


class RefreshToken(models.Model):
    """The refresh token of one login, which changes with each use: a chain whose newest links are remembered.

    A row exists from the login on until it has expired. Each token of the chain names the row, itself (`jti`)
    and the link it was given for (`parent`), so two ids are enough to tell a lost answer (`current` again),
    progress (a child of `current`) and a copy in wrong hands (anything older) apart; see `sync.auth.refresh`.
    One row per token would say the same and grow by a row per quarter of an hour and device.

    Not revoked and not expired: usable. `revoked_at` set: every token of the chain is refused, for good.
    """

    id = models.UUIDField("family", primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="refresh_tokens")
    tenant_id = models.UUIDField()
    current = models.UUIDField(help_text="jti of the link that was last seen for the first time.")
    previous = models.UUIDField(null=True, help_text="jti of the link before it.")
    advanced_at = models.DateTimeField(null=True, help_text="When `current` was used for the first time.")
    issued_at = models.DateTimeField(help_text="The login.")
    used_at = models.DateTimeField(null=True, help_text="The last refresh.")
    expires_at = models.DateTimeField(help_text="The end of the newest link; each refresh moves it on.")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "sync"
        verbose_name = "login"
        ordering = ("-issued_at",)
        indexes = (models.Index(fields=("expires_at",), name="sync_refresh_expiry"),)

    def __str__(self) -> str:
        return str(self.pk)
