import django.db.models.deletion
import grayrelease.domain.state
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Installation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=63, unique=True)),
                ('cluster', models.CharField(default='default', max_length=63)),
                ('namespace', models.CharField(max_length=63)),
                ('settle_s', models.FloatField(default=15)),
                ('drain_s', models.FloatField(default=30)),
                ('viewed_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('cluster', 'namespace'), name='one_project_per_namespace')],
            },
        ),
        migrations.CreateModel(
            name='Inventory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('data', models.JSONField(default=dict)),
                ('count', models.PositiveBigIntegerField(default=0)),
                ('taken_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('failing_since', models.DateTimeField(null=True)),
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='inventory', to='grayrelease.project')),
            ],
        ),
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lease_owner', models.CharField(blank=True, max_length=64)),
                ('lease_until', models.DateTimeField(null=True)),
                ('name', models.CharField(max_length=63)),
                ('version', models.CharField(default='v1', max_length=16)),
                ('manifests', models.JSONField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_in_cluster_at', models.DateTimeField(null=True)),
                ('waiting', models.BooleanField(default=True)),
                ('reason', models.JSONField(null=True)),
                ('error', models.TextField(blank=True)),
                ('failing_since', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='applications', to='grayrelease.project')),
            ],
        ),
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=63)),
                ('plan', models.TextField()),
                ('revision', models.CharField(max_length=64)),
                ('candidate', models.CharField(max_length=63)),
                ('stable', models.CharField(max_length=63)),
                ('mode', models.CharField(max_length=16)),
                ('goal', models.CharField(default=grayrelease.domain.state.Goal['RUN'], max_length=16)),
                ('share', models.PositiveIntegerField(default=0)),
                ('winner', models.CharField(blank=True, max_length=63)),
                ('delete_loser', models.BooleanField(default=False)),
                ('phase', models.CharField(db_index=True, default=grayrelease.domain.state.Phase['PREPARING'], max_length=16)),
                ('status', models.JSONField(default=dict)),
                ('share_in_effect', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('data', models.JSONField(default=dict)),
                ('frozen', models.TextField(blank=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='grayrelease.project')),
                ('release', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to='grayrelease.release')),
            ],
        ),
        migrations.CreateModel(
            name='Target',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lease_owner', models.CharField(blank=True, max_length=64)),
                ('lease_until', models.DateTimeField(null=True)),
                ('service', models.CharField(max_length=63)),
                ('uid', models.CharField(max_length=64)),
                ('application', models.CharField(blank=True, max_length=63)),
                ('stable', models.CharField(max_length=63)),
                ('generation', models.PositiveBigIntegerField(default=0)),
                ('carried_generation', models.PositiveBigIntegerField(default=0)),
                ('raised_at', models.DateTimeField(null=True)),
                ('waiting', models.BooleanField(default=False)),
                ('looked_at', models.DateTimeField(null=True)),
                ('memory', models.JSONField(default=dict)),
                ('observed', models.JSONField(default=dict)),
                ('observed_count', models.PositiveBigIntegerField(default=0)),
                ('observed_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('failing_since', models.DateTimeField(null=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='grayrelease.project')),
            ],
        ),
        migrations.AddField(
            model_name='release',
            name='target',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='releases', to='grayrelease.target'),
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True)),
                ('kind', models.CharField(max_length=32)),
                ('op', models.UUIDField(null=True)),
                ('outcome', models.CharField(blank=True, max_length=16)),
                ('subject', models.CharField(blank=True, max_length=128)),
                ('data', models.JSONField(default=dict)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('application', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='grayrelease.application')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='grayrelease.project')),
                ('release', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='grayrelease.release')),
                ('target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='grayrelease.target')),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('viewer', 'Viewer'), ('operator', 'Operator'), ('lead', 'Lead'), ('admin', 'Admin')], max_length=16)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='grayrelease.project')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('project', 'user'), name='one_role_per_project')],
            },
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.UniqueConstraint(fields=('project', 'name'), name='one_application_per_name'),
        ),
        migrations.AddIndex(
            model_name='target',
            index=models.Index(condition=models.Q(('waiting', True), models.Q(('generation', models.F('carried_generation')), _negated=True), _connector='OR'), fields=['raised_at'], name='target_to_do'),
        ),
        migrations.AddConstraint(
            model_name='target',
            constraint=models.UniqueConstraint(fields=('project', 'service'), name='one_target_per_service'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(fields=('target', 'name'), name='one_release_per_name'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['target', '-id'], name='grayrelease_target__61d429_idx'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['release', '-id'], name='grayrelease_release_22a712_idx'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(models.Case(models.When(outcome='attempt', then=models.Value(0)), default=models.Value(1)), models.F('op'), condition=models.Q(('op__isnull', False)), name='one_attempt_and_one_outcome'),
        ),
    ]
