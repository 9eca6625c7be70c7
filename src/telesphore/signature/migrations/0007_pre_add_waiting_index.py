from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("signature", "0006_pre_add_bedside"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["awaited_at"], name="recipient_waiting"
            ),
        ),
    ]
