"""The Celery app: `celery -A grayrelease.celery worker -Q reconcile`, and one with `-Q rollback`."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

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


@worker_init.connect
def refuse_demo_users(**_: Any) -> None:
    from grayrelease import demo_users  # needs Django, which the worker has set up by now

    demo_users.refuse()
