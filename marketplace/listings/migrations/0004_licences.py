"""The licences that sellers can offer from the first day."""

from django.apps.registry import Apps
from django.db import migrations

from marketplace.listings.licences import WORDINGS


def create(apps: Apps, schema_editor: object) -> None:
    licence = apps.get_model("listings", "Licence")
    for wording in WORDINGS:
        # What was offered under a version is never changed.
        licence.objects.get_or_create(code=wording["code"], version=wording["version"], defaults=wording)


class Migration(migrations.Migration):
    dependencies = [("listings", "0003_in_review_and_search")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
