"""Two ways around the triggers that refuse a change: INSERT OR REPLACE on SQLite, TRUNCATE on PostgreSQL."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = """
    CREATE TRIGGER audit_stays_whole BEFORE TRUNCATE ON moderation_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """
# A row that takes the place of another is deleted without a word to the trigger on DELETE.
SQLITE = """
    CREATE TRIGGER audit_stays_whole BEFORE INSERT ON moderation_auditentry
    WHEN EXISTS (
        SELECT 1 FROM moderation_auditentry
        WHERE NEW.id = id OR NEW.number = number OR NEW.previous = previous OR NEW.digest = digest
    )
    BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END
    """


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    of_table = " ON moderation_auditentry" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER audit_stays_whole{of_table}")


class Migration(migrations.Migration):
    dependencies = [("moderation", "0009_treasurers_see_the_books")]
    operations = [migrations.RunPython(create, drop)]
