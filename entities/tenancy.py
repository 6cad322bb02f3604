"""Walls between businesses that hold for every writer: operations for migrations.

Not here: what an actor may see (`Scope`). Postgres checks foreign keys without asking for the tenant, so the
tenant has to be part of the key.
"""

from __future__ import annotations

from django.db.migrations.operations import RunSQL

# Fires only for statements that name the column: the engine's never do, a full ORM save compares in C.
FIXED_BUSINESS = """
CREATE OR REPLACE FUNCTION entities_fixed_business() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row stays in its business' USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
        CONSTRAINT = TG_TABLE_NAME || '_fixed_business', COLUMN = 'business_id';
END $$
"""


def fixed_business_function() -> RunSQL:
    """Install the trigger function behind `business_row`; once, before the first of them."""
    return RunSQL(FIXED_BUSINESS, "DROP FUNCTION entities_fixed_business()")


def business_row(table: str) -> RunSQL:
    """A row never changes its business, and others may refer to it by `(business_id, id)`."""
    return RunSQL(
        f"""
        ALTER TABLE {table} ADD CONSTRAINT {table}_business_row UNIQUE (business_id, id);
        CREATE TRIGGER {table}_fixed_business BEFORE UPDATE OF business_id ON {table} FOR EACH ROW
            WHEN (NEW.business_id IS DISTINCT FROM OLD.business_id)
            EXECUTE FUNCTION entities_fixed_business();
        """,
        f"""
        DROP TRIGGER {table}_fixed_business ON {table};
        ALTER TABLE {table} DROP CONSTRAINT {table}_business_row;
        """,
    )


def business_foreign_key(table: str, column: str, parent: str, parent_column: str = "id") -> RunSQL:
    """`column` refers to a row of `parent` in the same business; null refers to none.

    Not deferrable: the error belongs to the statement that made it, not to the commit of a whole batch.
    """
    name = f"{table}_{column}_same_business"
    return RunSQL(
        f"""
        ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (business_id, {column})
            REFERENCES {parent} (business_id, {parent_column});
        """,
        f"ALTER TABLE {table} DROP CONSTRAINT {name};",
    )
