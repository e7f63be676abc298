"""The database itself refuses to change or delete a posting, whoever asks."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = [
    """
    CREATE FUNCTION refuse_posting_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'postings are never changed: post back instead'; END $$
    """,
    """
    CREATE TRIGGER postings_are_final BEFORE UPDATE OR DELETE ON purchases_posting
    FOR EACH ROW EXECUTE FUNCTION refuse_posting_change()
    """,
]
SQLITE = [
    f"""
    CREATE TRIGGER postings_are_final_{verb.lower()} BEFORE {verb} ON purchases_posting
    BEGIN SELECT RAISE(ABORT, 'postings are never changed: post back instead'); END
    """
    for verb in ("UPDATE", "DELETE")
]


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER postings_are_final ON purchases_posting")
        schema_editor.execute("DROP FUNCTION refuse_posting_change()")
    else:
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER postings_are_final_{verb}")


class Migration(migrations.Migration):
    dependencies = [("purchases", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
