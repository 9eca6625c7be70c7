from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("signature", "0005_pre_add_circuits"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["awaited_at"], name="recipient_waiting"
            ),
        ),
    ]
