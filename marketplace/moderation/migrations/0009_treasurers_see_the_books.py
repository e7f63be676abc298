"""Treasurers see disputed payments, and what the nightly comparison with the provider's books found."""

from django.apps.registry import Apps
from django.db import migrations


def create(apps: Apps, schema_editor: object) -> None:
    group, _created = apps.get_model("auth", "Group").objects.get_or_create(name="Treasurers")
    for model in ("chargeback", "reconciliation"):
        # Django makes these rows itself, but only after the last migration.
        kind, _created = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
            app_label="purchases", model=model
        )
        row, _created = apps.get_model("auth", "Permission").objects.get_or_create(
            content_type=kind, codename=f"view_{model}", defaults={"name": f"Can view {model}"}
        )
        group.permissions.add(row)


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0008_moderators_and_treasurers"),
        ("purchases", "0007_splits_are_final"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
