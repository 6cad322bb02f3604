"""The trigger functions of synced tables.

First and without dependencies: the tables of a domain need them, and our own tables need the domain's users.
"""

from django.db import migrations

from sync.triggers import CREATE_FUNCTIONS, DROP_FUNCTIONS


class Migration(migrations.Migration):
    initial = True

    operations = [migrations.RunSQL(CREATE_FUNCTIONS, DROP_FUNCTIONS)]
