"""SQLite rebuilds a table to add a column, and drops its triggers with the old one: put them back."""

from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

first = import_module("marketplace.listings.migrations.0002_sealed_versions_are_final")


def put_back(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS sealed_versions_are_final_{verb}")
        first.create(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("listings", "0006_subjects_sellers_and_followers")]
    operations = [migrations.RunPython(put_back, migrations.RunPython.noop)]
