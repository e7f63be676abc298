"""What moderators may do with notices, appeals and blocks; and the group of people who may move money."""

from django.apps.registry import Apps
from django.db import migrations

# By group, app and model: what its members may do in Django admin.
PERMISSIONS = {
    "Moderators": {
        ("listings", "question"): ["view", "change"],
        ("listings", "sellerprofile"): ["view", "change"],
        ("moderation", "notice"): ["view", "change"],
        ("moderation", "takedown"): ["view", "change"],
        ("moderation", "appeal"): ["view", "change"],
        ("moderation", "blockedhash"): ["view", "add", "delete"],
        ("moderation", "flag"): ["view", "change"],
        ("moderation", "auditentry"): ["view"],
        ("purchases", "review"): ["view", "change"],
    },
    "Treasurers": {
        ("accounts", "user"): ["view"],
        ("moderation", "auditentry"): ["view"],
        ("purchases", "purchase"): ["view"],
        ("purchases", "account"): ["view"],
        ("purchases", "posting"): ["view"],
        ("purchases", "download"): ["view"],
        ("purchases", "refund"): ["view", "add"],
        ("purchases", "payoutaccount"): ["view", "change"],
        ("purchases", "payouthold"): ["view", "add", "change"],
        ("purchases", "payout"): ["view"],
        ("purchases", "paymentevent"): ["view"],
    },
}


def create(apps: Apps, schema_editor: object) -> None:
    content_type = apps.get_model("contenttypes", "ContentType")
    permission = apps.get_model("auth", "Permission")
    for name, of_group in PERMISSIONS.items():
        group, _created = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        for (app, model), verbs in of_group.items():
            # Django makes these rows itself, but only after the last migration.
            kind, _created = content_type.objects.get_or_create(app_label=app, model=model)
            for verb in verbs:
                row, _created = permission.objects.get_or_create(
                    content_type=kind, codename=f"{verb}_{model}", defaults={"name": f"Can {verb} {model}"}
                )
                group.permissions.add(row)


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0007_audit_trail_is_final"),
        ("purchases", "0005_postings_stay_final"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
