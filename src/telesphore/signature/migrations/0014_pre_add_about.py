import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0004_pre_add_accounts_and_representations"),
        ("signature", "0013_pre_add_embedding"),
    ]

    operations = [
        migrations.AddField(
            model_name="recipient",
            name="about",
            field=models.ForeignObject(
                from_fields=["organisation_id", "about_id"],
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="records.patient",
                to_fields=["organisation_id", "id"],
            ),
        ),
    ]
