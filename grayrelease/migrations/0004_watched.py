from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('grayrelease', '0003_base_and_vouched'),
    ]

    operations = [
        migrations.AddField(
            model_name='inventory',
            name='watched_at',
            field=models.DateTimeField(null=True),
        ),
    ]
