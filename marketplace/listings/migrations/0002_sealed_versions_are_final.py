"""A sealed listing version keeps its words, price and dataset: the database refuses any change or deletion."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = [
    """
    CREATE FUNCTION refuse_sealed_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a sealed listing version is never changed: make a new version'; END $$
    """,
    """
    CREATE TRIGGER sealed_versions_are_final BEFORE UPDATE OR DELETE ON listings_listingversion
    FOR EACH ROW WHEN (OLD.sealed_at IS NOT NULL) EXECUTE FUNCTION refuse_sealed_version_change()
    """,
]
SQLITE = [
    f"""
    CREATE TRIGGER sealed_versions_are_final_{verb.lower()} BEFORE {verb} ON listings_listingversion
    WHEN OLD.sealed_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a sealed listing version is never changed: make a new version'); END
    """
    for verb in ("UPDATE", "DELETE")
]


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER sealed_versions_are_final ON listings_listingversion")
        schema_editor.execute("DROP FUNCTION refuse_sealed_version_change()")
    else:
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER sealed_versions_are_final_{verb}")


class Migration(migrations.Migration):
    dependencies = [("listings", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
