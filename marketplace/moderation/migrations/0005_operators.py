"""The group of people who watch the work, start jobs again and cancel them."""

from django.apps.registry import Apps
from django.db import migrations

# By app and model: what its members may do in Django admin. To change a job is to start it again or to cancel it.
PERMISSIONS = {
    ("accounts", "user"): ["view"],
    ("generation", "sourceset"): ["view"],
    ("generation", "upload"): ["view"],
    ("generation", "generationjob"): ["view", "change"],
    ("generation", "jobtask"): ["view"],
    ("generation", "jobevent"): ["view"],
    ("generation", "notification"): ["view"],
    ("generation", "generator"): ["view"],
    ("generation", "dataset"): ["view"],
    ("generation", "datasetfile"): ["view"],
}


def create(apps: Apps, schema_editor: object) -> None:
    content_type = apps.get_model("contenttypes", "ContentType")
    permission = apps.get_model("auth", "Permission")
    group, _created = apps.get_model("auth", "Group").objects.get_or_create(name="Operators")
    for (app, model), verbs in PERMISSIONS.items():
        # Django makes these rows itself, but only after the last migration.
        kind, _created = content_type.objects.get_or_create(app_label=app, model=model)
        for verb in verbs:
            name = f"Can {verb} {model}"
            row, _created = permission.objects.get_or_create(
                content_type=kind, codename=f"{verb}_{model}", defaults={"name": name}
            )
            group.permissions.add(row)


class Migration(migrations.Migration):
    dependencies = [("moderation", "0004_suspending_a_listing")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
