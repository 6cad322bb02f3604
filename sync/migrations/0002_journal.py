"""The journal (clients, batches, operations, ledger) and the logins of devices."""

import django.contrib.postgres.fields
import django.db.models.deletion
import sync.protocol.canonical
import sync.protocol.codes
import sync.protocol.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('sync', '0001_functions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'op_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField()),
                ('op_id', models.UUIDField()),
                ('fingerprint', models.BinaryField()),
                ('client_id', models.UUIDField()),
                ('batch_id', models.UUIDField(help_text='The SyncBatch that executed it.')),
                ('entity', models.TextField()),
                ('entity_id', models.UUIDField(null=True)),
                ('status', models.CharField(max_length=16, null=True)),
                ('code', models.CharField(max_length=64, null=True)),
                ('retry', models.CharField(max_length=16, null=True)),
                ('changed', models.BooleanField(default=False)),
                ('version', models.BigIntegerField(null=True)),
                ('txid', models.BigIntegerField(null=True)),
                ('error', models.JSONField(null=True)),
                ('received_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'ledger entry',
                'verbose_name_plural': 'ledger',
                'indexes': [models.Index(fields=['received_at'], name='sync_ledger_age')],
            },
        ),
        migrations.CreateModel(
            name='SyncClient',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False, verbose_name='client id')),
                ('tenant_id', models.UUIDField(help_text='The tenant of its last batch.')),
                ('schema_version', models.PositiveIntegerField(help_text='What its last batch was built for.', null=True)),
                ('clock_offset_ms', models.BigIntegerField(help_text='Its clock minus ours, at its last batch.', null=True)),
                ('first_seen_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sync_clients', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'client',
                'ordering': ('-last_seen_at',),
            },
        ),
        migrations.CreateModel(
            name='SyncBatch',
            fields=[
                ('id', models.UUIDField(default=sync.protocol.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('request_id', models.CharField(max_length=128)),
                ('traceparent', models.CharField(blank=True, max_length=64)),
                ('batch_id', models.UUIDField(help_text="The client's own name for it.", null=True)),
                ('tenant_id', models.UUIDField(null=True)),
                ('state', models.CharField(choices=[('completed', 'Completed'), ('aborted', 'Aborted')], max_length=16)),
                ('http_status', models.PositiveSmallIntegerField(help_text='Of the answer, before any `Prefer: handling=strict`.')),
                ('code', models.CharField(blank=True, help_text='Why it was aborted.', max_length=64)),
                ('received_at', models.DateTimeField()),
                ('duration_ms', models.PositiveIntegerField()),
                ('attempts', models.PositiveSmallIntegerField(default=1, help_text='How often the transaction was tried.')),
                ('sent_at', models.DateTimeField(null=True)),
                ('clock_offset_ms', models.BigIntegerField(null=True)),
                ('schema_version', models.PositiveIntegerField(null=True)),
                ('atomic', models.BooleanField(default=False)),
                ('txid', models.BigIntegerField(null=True)),
                ('operation_count', models.PositiveIntegerField(default=0)),
                ('applied', models.PositiveIntegerField(default=0)),
                ('conflict', models.PositiveIntegerField(default=0)),
                ('rejected', models.PositiveIntegerField(default=0)),
                ('skipped', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('replayed', models.PositiveIntegerField(default=0)),
                ('user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='batches', to='sync.syncclient')),
            ],
            options={
                'verbose_name': 'batch',
                'verbose_name_plural': 'batches',
                'ordering': ('-received_at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='SyncOperation',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField()),
                ('tenant_id', models.UUIDField(null=True)),
                ('op_id', models.UUIDField(null=True)),
                ('entity', models.CharField(blank=True, max_length=200)),
                ('action', models.CharField(blank=True, choices=[(sync.protocol.codes.Action['INSERT'], sync.protocol.codes.Action['INSERT']), (sync.protocol.codes.Action['UPDATE'], sync.protocol.codes.Action['UPDATE']), (sync.protocol.codes.Action['DELETE'], sync.protocol.codes.Action['DELETE'])], max_length=200)),
                ('entity_id', models.UUIDField(null=True)),
                ('base_version', models.BigIntegerField(null=True)),
                ('schema_version', models.PositiveBigIntegerField(null=True)),
                ('client_timestamp', models.DateTimeField(help_text="Corrected by the client's clock offset.", null=True)),
                ('group_id', models.UUIDField(null=True)),
                ('depends_on', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
                ('payload', models.JSONField(encoder=sync.protocol.canonical.ExactEncoder, null=True)),
                ('payload_text', models.TextField(blank=True, help_text='The operation as sent, when JSON storage cannot hold it.')),
                ('status', models.CharField(choices=[(sync.protocol.codes.Status['APPLIED'], sync.protocol.codes.Status['APPLIED']), (sync.protocol.codes.Status['CONFLICT'], sync.protocol.codes.Status['CONFLICT']), (sync.protocol.codes.Status['REJECTED'], sync.protocol.codes.Status['REJECTED']), (sync.protocol.codes.Status['SKIPPED'], sync.protocol.codes.Status['SKIPPED']), (sync.protocol.codes.Status['FAILED'], sync.protocol.codes.Status['FAILED'])], max_length=16, null=True)),
                ('code', models.CharField(blank=True, max_length=64)),
                ('retry', models.CharField(blank=True, choices=[(sync.protocol.codes.Retry['NEVER'], sync.protocol.codes.Retry['NEVER']), (sync.protocol.codes.Retry['LATER'], sync.protocol.codes.Retry['LATER']), (sync.protocol.codes.Retry['AFTER_FIX'], sync.protocol.codes.Retry['AFTER_FIX'])], max_length=16)),
                ('replayed', models.BooleanField(default=False)),
                ('changed', models.BooleanField(default=False)),
                ('version', models.BigIntegerField(null=True)),
                ('txid', models.BigIntegerField(null=True)),
                ('error', models.JSONField(null=True)),
                ('server_row', models.JSONField(help_text='Version and row on the server at the time of a conflict.', null=True)),
                ('received_at', models.DateTimeField()),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='operations', to='sync.syncbatch')),
                ('client', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='operations', to='sync.syncclient')),
            ],
            options={
                'verbose_name': 'operation',
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='RefreshToken',
            fields=[
                ('id', models.UUIDField(default=sync.protocol.ids.uuid7, editable=False, primary_key=True, serialize=False, verbose_name='family')),
                ('tenant_id', models.UUIDField()),
                ('current', models.UUIDField(help_text='jti of the link that was last seen for the first time.')),
                ('previous', models.UUIDField(help_text='jti of the link before it.', null=True)),
                ('advanced_at', models.DateTimeField(help_text='When `current` was used for the first time.', null=True)),
                ('issued_at', models.DateTimeField(help_text='The login.')),
                ('used_at', models.DateTimeField(help_text='The last refresh.', null=True)),
                ('expires_at', models.DateTimeField(help_text='The end of the newest link; each refresh moves it on.')),
                ('revoked_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refresh_tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'login',
                'ordering': ('-issued_at',),
                'indexes': [models.Index(fields=['expires_at'], name='sync_refresh_expiry')],
            },
        ),
        migrations.AddIndex(
            model_name='syncclient',
            index=models.Index(fields=['last_seen_at'], name='sync_client_seen'),
        ),
        migrations.AddIndex(
            model_name='syncbatch',
            index=models.Index(fields=['-received_at', '-id'], name='sync_batch_recent'),
        ),
        migrations.AddIndex(
            model_name='syncbatch',
            index=models.Index(fields=['request_id'], name='sync_batch_request'),
        ),
        migrations.AddIndex(
            model_name='syncbatch',
            index=models.Index(condition=models.Q(('batch_id__isnull', False)), fields=['batch_id'], name='sync_batch_own'),
        ),
        migrations.AddIndex(
            model_name='syncbatch',
            index=models.Index(fields=['client', '-received_at'], name='sync_batch_client'),
        ),
        migrations.AddIndex(
            model_name='syncoperation',
            index=models.Index(fields=['batch', 'position'], name='sync_op_batch'),
        ),
        migrations.AddIndex(
            model_name='syncoperation',
            index=models.Index(fields=['op_id'], name='sync_op_op_id'),
        ),
        migrations.AddIndex(
            model_name='syncoperation',
            index=models.Index(fields=['entity_id', '-id'], name='sync_op_row'),
        ),
        migrations.AddIndex(
            model_name='syncoperation',
            index=models.Index(fields=['client', '-id'], name='sync_op_client'),
        ),
        migrations.AddIndex(
            model_name='syncoperation',
            index=models.Index(fields=['status', 'code', '-id'], name='sync_op_status'),
        ),
        migrations.AddIndex(
            model_name='syncoperation',
            index=models.Index(condition=models.Q(('group_id__isnull', False)), fields=['group_id'], name='sync_op_group'),
        ),
    ]
