"""The database itself refuses to change what was agreed on when somebody bought, whoever asks."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

COLUMNS = "buyer_id, version_id, price, fee, tax, processor_fee, currency, licence_sha256"
REFUSAL = "what a purchase froze is never changed"
POSTGRESQL = [
    f"""
    CREATE FUNCTION refuse_purchase_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
    """,
    f"""
    CREATE TRIGGER splits_are_final BEFORE UPDATE OF {COLUMNS} ON purchases_purchase
    FOR EACH ROW WHEN (({", ".join(f"OLD.{name}" for name in COLUMNS.split(", "))})
    IS DISTINCT FROM ({", ".join(f"NEW.{name}" for name in COLUMNS.split(", "))}))
    EXECUTE FUNCTION refuse_purchase_change()
    """,
]
CHANGED = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in COLUMNS.split(", "))
SQLITE = [
    f"""
    CREATE TRIGGER splits_are_final BEFORE UPDATE OF {COLUMNS} ON purchases_purchase WHEN {CHANGED}
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """
]


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER splits_are_final ON purchases_purchase")
        schema_editor.execute("DROP FUNCTION refuse_purchase_change()")
    else:
        schema_editor.execute("DROP TRIGGER splits_are_final")


class Migration(migrations.Migration):
    dependencies = [("purchases", "0006_what_is_asked_of_providers")]
    operations = [migrations.RunPython(create, drop)]
