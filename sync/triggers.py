"""The database trigger that keeps versions true for every writer, as a migration operation.

The engine computes `version` and `field_versions` itself and must not pay twice. It is exempt by proof, not by a
flag: the trigger's WHEN clause looks at the row, and a row whose bookkeeping is right (version one higher,
every changed column stamped with it) passes in C without entering the function. Nothing a handler can set makes
wrong bookkeeping pass. See docs/adr/0006.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Arguments of the trigger are the published columns. An entry of field_versions is
# [version, client, others, time, time_client], see sync.engine.stamps.
CREATE_FUNCTIONS = """
CREATE OR REPLACE FUNCTION sync_track_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    after jsonb := to_jsonb(NEW);
    stamps jsonb := OLD.field_versions;
    -- Written by code that knows the next version (a handler saving the row it was given): its stamps count.
    informed boolean := NEW.version = OLD.version + 1;
    now_us bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    changed boolean := NEW.deleted_at IS DISTINCT FROM OLD.deleted_at;
    name text;
    stamp jsonb;
BEGIN
    FOREACH name IN ARRAY TG_ARGV LOOP
        stamp := coalesce(OLD.field_versions -> name, OLD.field_versions -> '*', '[1, null, 0, 0]'::jsonb);
        IF after -> name IS DISTINCT FROM before -> name THEN
            changed := true;
            IF informed AND NEW.field_versions #> ARRAY[name, '0'] = to_jsonb(NEW.version) THEN
                stamps := stamps || jsonb_build_object(name, NEW.field_versions -> name);
            ELSE
                stamps := stamps || jsonb_build_object(name, jsonb_build_array(
                    OLD.version + 1,
                    NULL,
                    CASE WHEN stamp ->> 1 IS NULL THEN stamp -> 2 ELSE stamp -> 0 END,
                    greatest(now_us, (stamp ->> 3)::bigint)
                ));
            END IF;
        ELSIF NEW.version = OLD.version
            AND NEW.field_versions #> ARRAY[name, '0'] = stamp -> 0
            AND (NEW.field_versions #>> ARRAY[name, '3'])::bigint >= (stamp ->> 3)::bigint THEN
            -- An equal last-write-wins value brought a later time. Times only rise, so a stale copy changes nothing.
            stamps := stamps || jsonb_build_object(name, NEW.field_versions -> name);
        END IF;
    END LOOP;
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    NEW.field_versions := stamps;
    IF changed THEN
        NEW.version := OLD.version + 1;
        NEW.updated_at := clock_timestamp();
        NEW.write_id := CASE WHEN informed THEN NEW.write_id END;
    ELSE
        NEW.version := OLD.version;
        NEW.updated_at := OLD.updated_at;
        NEW.write_id := OLD.write_id;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION sync_first_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := 1;
    NEW.field_versions := '{}';
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION sync_soft_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE %I.%I SET deleted_at = clock_timestamp() WHERE id = $1 AND deleted_at IS NULL',
                   TG_TABLE_SCHEMA, TG_TABLE_NAME) USING OLD.id;
    RETURN NULL;
END $$;
"""

DROP_FUNCTIONS = "DROP FUNCTION IF EXISTS sync_track_version(), sync_first_version(), sync_soft_delete()"


class TrackVersions(Operation):
    """Install the triggers on a synced table: put it after CreateModel, and again when `writes` changes.

    Shape: `columns` are the published columns, as in the handler's `writes`. A system check compares the two.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, model_name: str, columns: Sequence[str]) -> None:
        self.model_name = model_name
        self.columns = tuple(columns)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return self.__class__.__name__, [], {"model_name": self.model_name, "columns": self.columns}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The trigger changes no model."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table = to_state.apps.get_model(app_label, self.model_name)._meta.db_table
        schema_editor.execute(drop_triggers(table))
        schema_editor.execute(create_triggers(table, self.columns))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(drop_triggers(from_state.apps.get_model(app_label, self.model_name)._meta.db_table))

    def describe(self) -> str:
        return f"Keep versions of {self.model_name} true for every writer"


def drop_triggers(table: str) -> str:
    """SQL that removes the triggers of a table."""
    return (
        f'DROP TRIGGER IF EXISTS sync_first_version ON "{table}";'
        f'DROP TRIGGER IF EXISTS sync_track_version ON "{table}";'
        f'DROP TRIGGER IF EXISTS sync_soft_delete ON "{table}";'
    )


def create_triggers(table: str, columns: Sequence[str]) -> str:
    """SQL that installs the triggers of a table."""
    arguments = ", ".join(f"'{column}'" for column in columns)
    # IS NOT TRUE: a missing stamp makes the proof null, and a WHEN that is null lets the write pass.
    return f"""
        CREATE TRIGGER sync_first_version BEFORE INSERT ON "{table}" FOR EACH ROW
            WHEN (({_FIRST_BOOKKEEPING_IS_RIGHT}) IS NOT TRUE)
            EXECUTE FUNCTION sync_first_version();
        CREATE TRIGGER sync_track_version BEFORE UPDATE ON "{table}" FOR EACH ROW
            WHEN (({_bookkeeping_is_right(columns)}) IS NOT TRUE)
            EXECUTE FUNCTION sync_track_version({arguments});
        CREATE TRIGGER sync_soft_delete BEFORE DELETE ON "{table}" FOR EACH ROW
            EXECUTE FUNCTION sync_soft_delete();
    """


# A row begins at version 1, stamped as a whole or not at all. A restore that must keep versions runs as
# pg_restore does: with triggers off (`--disable-triggers`), or created after the data.
_FIRST_BOOKKEEPING_IS_RIGHT = (
    "NEW.version = 1 AND NEW.field_versions - '*' = '{}' AND coalesce(NEW.field_versions #> '{*,0}', '1') = '1'"
)


def _bookkeeping_is_right(columns: Sequence[str]) -> str:
    """The proof that exempts a write: true exactly when the function would have nothing to mend.

    A changed column is stamped with the new version, any other keeps the version it was last changed in.
    """
    stamped = " AND ".join(
        f'CASE WHEN NEW."{c}" IS DISTINCT FROM OLD."{c}"'
        f" THEN NEW.field_versions #> '{{{c},0}}' = to_jsonb(NEW.version)"
        f" ELSE {_stamped_version('NEW', c)} IS NOT DISTINCT FROM {_stamped_version('OLD', c)} END"
        for c in columns
    )
    old_row = ", ".join([f'OLD."{c}"' for c in columns] + ["OLD.deleted_at"])
    new_row = ", ".join([f'NEW."{c}"' for c in columns] + ["NEW.deleted_at"])
    return (
        "NEW.version = OLD.version + 1 AND NEW.id = OLD.id AND NEW.created_at = OLD.created_at"
        f" AND ({new_row}) IS DISTINCT FROM ({old_row}) AND {stamped}"
    )


def _stamped_version(row: str, column: str) -> str:
    return f"coalesce({row}.field_versions #> '{{{column},0}}', {row}.field_versions #> '{{*,0}}')"
