from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_pre_add_idle"),
    ]

    operations = [
        migrations.AddField(
            model_name="pairing",
            name="sealed_key",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="pairing",
            name="tries",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
    ]
