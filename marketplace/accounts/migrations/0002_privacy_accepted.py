from django.db import migrations, models
from django.db.models import F


def copy_from_terms(apps, schema_editor):
    """One box accepted both until now."""
    User = apps.get_model("accounts", "User")
    User.objects.exclude(terms_version="").update(
        privacy_version=F("terms_version"), privacy_accepted_at=F("terms_accepted_at")
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user", name="privacy_version", field=models.CharField(blank=True, max_length=20)
        ),
        migrations.AddField(
            model_name="user", name="privacy_accepted_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunPython(copy_from_terms, migrations.RunPython.noop),
    ]
