"""The Celery app: `celery -A grayrelease.celery worker -Q reconcile`, and one with `-Q rollback`."""

from __future__ import annotations

import os

from celery import Celery

SWEEP_S = 10

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grayrelease.settings")

app = Celery("grayrelease")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep": {
        "task": "grayrelease.tasks.sweep",
        "schedule": SWEEP_S,
        "options": {"expires": SWEEP_S},
    }
}
