"""The group of people who may decide about listings and suspend abilities."""

from django.apps.registry import Apps
from django.db import migrations

# By app and model: what its members may do in Django admin.
PERMISSIONS = {
    ("accounts", "user"): ["view"],
    ("accounts", "apitoken"): ["view", "change"],
    ("listings", "listing"): ["view"],
    ("listings", "listingversion"): ["view"],
    ("listings", "licence"): ["view"],
    ("moderation", "decision"): ["view", "add"],
    ("moderation", "review"): ["view"],
    ("moderation", "suspension"): ["view", "add", "change"],
    ("purchases", "purchase"): ["view"],
    ("purchases", "account"): ["view"],
    ("purchases", "posting"): ["view"],
    ("purchases", "download"): ["view"],
}


def create(apps: Apps, schema_editor: object) -> None:
    content_type = apps.get_model("contenttypes", "ContentType")
    permission = apps.get_model("auth", "Permission")
    group, _created = apps.get_model("auth", "Group").objects.get_or_create(name="Moderators")
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
    dependencies = [
        ("moderation", "0002_review_queue"),
        ("accounts", "0001_initial"),
        ("listings", "0003_in_review_and_search"),
        ("purchases", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
