"""The database itself refuses to change or delete a row of the audit trail, whoever asks."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = [
    """
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit trail is never changed'; END $$
    """,
    """
    CREATE TRIGGER audit_is_final BEFORE UPDATE OR DELETE ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()
    """,
]
SQLITE = [
    f"""
    CREATE TRIGGER audit_is_final_{verb.lower()} BEFORE {verb} ON moderation_auditentry
    BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END
    """
    for verb in ("UPDATE", "DELETE")
]


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER audit_is_final ON moderation_auditentry")
        schema_editor.execute("DROP FUNCTION refuse_audit_change()")
    else:
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER audit_is_final_{verb}")


class Migration(migrations.Migration):
    dependencies = [("moderation", "0006_decisions_notices_appeals_and_audit")]
    operations = [migrations.RunPython(create, drop)]
