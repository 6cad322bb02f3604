"""The tables of the framework: what every synced row carries, and what the journal remembers.

Not here: tables of any domain, and every reading or writing of these rows (that is the journal's).
"""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from sync.auth.models import RefreshToken
from sync.protocol.canonical import ExactEncoder
from sync.protocol.codes import Action, Retry, Status
from sync.protocol.ids import uuid7

__all__ = ["LedgerEntry", "RefreshToken", "SyncBatch", "SyncClient", "SyncOperation", "SyncedModel"]


class SyncedModel(models.Model):
    """A row that offline clients write.

    A row exists from its insert on and is never removed: a delete leaves a tombstone (`deleted_at`).
    `version` rises by one with each write that changes a published column, whoever writes; a database trigger
    (`sync.triggers.TrackVersions`) sees to it for writers other than the engine.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    version = models.BigIntegerField(default=1, db_default=1, editable=False)
    # {column: [version, client, others, time, time_client]}, see engine.stamps; "*" stands for every column
    # that has not changed since the insert
    field_versions = models.JSONField(default=dict, db_default={}, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    write_id = models.UUIDField(null=True, blank=True, editable=False)  # op_id of the last write, if it was one

    class Meta:
        abstract = True

    @property
    def is_deleted(self) -> bool:
        """Whether only the tombstone is left."""
        return self.deleted_at is not None


class SyncClient(models.Model):
    """One user's queue in one installation of an app. Exists from its first batch on; never changes hands."""

    id = models.UUIDField("client id", primary_key=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sync_clients")
    tenant_id = models.UUIDField(help_text="The tenant of its last batch.")
    schema_version = models.PositiveIntegerField(null=True, help_text="What its last batch was built for.")
    clock_offset_ms = models.BigIntegerField(null=True, help_text="Its clock minus ours, at its last batch.")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "client"
        ordering = ("-last_seen_at",)
        indexes = (models.Index(fields=("last_seen_at",), name="sync_client_seen"),)

    def __str__(self) -> str:
        return str(self.pk)


class SyncBatch(models.Model):
    """One request to upload operations: a row for each that was answered, an aborted one too."""

    class State(models.TextChoices):
        """`completed`: every operation has a verdict. `aborted`: nothing of it was executed."""

        COMPLETED = "completed"
        ABORTED = "aborted"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request_id = models.CharField(max_length=128)
    traceparent = models.CharField(max_length=64, blank=True)
    batch_id = models.UUIDField(null=True, help_text="The client's own name for it.")
    client = models.ForeignKey(
        SyncClient, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="batches"
    )  # no constraint here and below: a batch of a client never seen, or of a user who is gone, is logged too
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    tenant_id = models.UUIDField(null=True)
    state = models.CharField(max_length=16, choices=State.choices)
    http_status = models.PositiveSmallIntegerField(help_text="Of the answer, before any `Prefer: handling=strict`.")
    code = models.CharField(max_length=64, blank=True, help_text="Why it was aborted.")
    received_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    attempts = models.PositiveSmallIntegerField(default=1, help_text="How often the transaction was tried.")
    sent_at = models.DateTimeField(null=True)
    clock_offset_ms = models.BigIntegerField(null=True)
    schema_version = models.PositiveIntegerField(null=True)
    atomic = models.BooleanField(default=False)
    txid = models.BigIntegerField(null=True)
    operation_count = models.PositiveIntegerField(default=0)
    applied = models.PositiveIntegerField(default=0)
    conflict = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    replayed = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "batch"
        verbose_name_plural = "batches"
        ordering = ("-received_at", "-id")
        indexes = (
            models.Index(fields=("-received_at", "-id"), name="sync_batch_recent"),
            models.Index(fields=("request_id",), name="sync_batch_request"),
            models.Index(fields=("batch_id",), name="sync_batch_own", condition=models.Q(batch_id__isnull=False)),
            models.Index(fields=("client", "-received_at"), name="sync_batch_client"),
        )

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M:%S} {self.request_id}"


class SyncOperation(models.Model):
    """One operation in one batch, with its verdict: a repeat has a row of its own. Written once, never changed.

    `status` is null when the batch was aborted: then there is no verdict.
    """

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(SyncBatch, on_delete=models.CASCADE, related_name="operations")
    position = models.PositiveIntegerField()
    tenant_id = models.UUIDField(null=True)
    client = models.ForeignKey(
        SyncClient, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="operations"
    )
    op_id = models.UUIDField(null=True)
    entity = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=200, blank=True, choices=[(a, a) for a in Action])
    entity_id = models.UUIDField(null=True)
    base_version = models.BigIntegerField(null=True)
    schema_version = models.PositiveBigIntegerField(null=True)
    client_timestamp = models.DateTimeField(null=True, help_text="Corrected by the client's clock offset.")
    group_id = models.UUIDField(null=True)
    depends_on = ArrayField(models.UUIDField(), default=list)
    payload = models.JSONField(null=True, encoder=ExactEncoder)  # as sent; its numbers may be Decimals
    payload_text = models.TextField(blank=True, help_text="The operation as sent, when JSON storage cannot hold it.")
    status = models.CharField(max_length=16, null=True, choices=[(s, s) for s in Status])
    code = models.CharField(max_length=64, blank=True)
    retry = models.CharField(max_length=16, blank=True, choices=[(r, r) for r in Retry])
    replayed = models.BooleanField(default=False)
    changed = models.BooleanField(default=False)
    version = models.BigIntegerField(null=True)
    txid = models.BigIntegerField(null=True)
    error = models.JSONField(null=True)
    server_row = models.JSONField(null=True, help_text="Version and row on the server at the time of a conflict.")
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = "operation"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("batch", "position"), name="sync_op_batch"),
            models.Index(fields=("op_id",), name="sync_op_op_id"),
            models.Index(fields=("entity_id", "-id"), name="sync_op_row"),
            models.Index(fields=("client", "-id"), name="sync_op_client"),
            models.Index(fields=("status", "code", "-id"), name="sync_op_status"),
            models.Index(fields=("group_id",), name="sync_op_group", condition=models.Q(group_id__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.entity} {self.op_id}"


class LedgerEntry(models.Model):
    """What was answered to an op_id, once and for good: the base of *exactly once*.

    A row without a status is a claim: an operation on its way, visible to nobody but the transaction that runs
    it (others wait for it). It gets its verdict or is removed before the commit.
    """

    pk = models.CompositePrimaryKey("tenant_id", "op_id")
    tenant_id = models.UUIDField()
    op_id = models.UUIDField()
    fingerprint = models.BinaryField()
    client_id = models.UUIDField()
    batch_id = models.UUIDField(help_text="The SyncBatch that executed it.")
    entity = models.TextField()
    entity_id = models.UUIDField(null=True)
    status = models.CharField(max_length=16, null=True)
    code = models.CharField(max_length=64, null=True)
    retry = models.CharField(max_length=16, null=True)
    changed = models.BooleanField(default=False)
    version = models.BigIntegerField(null=True)
    txid = models.BigIntegerField(null=True)
    error = models.JSONField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = "ledger entry"
        verbose_name_plural = "ledger"
        indexes = (models.Index(fields=("received_at",), name="sync_ledger_age"),)

    def __str__(self) -> str:
        return str(self.op_id)
