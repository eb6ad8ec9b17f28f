"""The Celery app: `celery -A grayrelease.celery worker -Q reconcile`, and one with `-Q rollback`."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured

SWEEP_S = 10
HEAVY = ("grayrelease.cluster.kubernetes", "grayrelease.metrics.prometheus")
"""Loaded once before the pool forks (0.7 s), else each of its processes does so in its first run."""

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
@beat_init.connect
def refuse(**_: Any) -> None:
    from grayrelease import demo_users  # needs Django, which the process has set up by now

    try:
        demo_users.refuse()
    except ImproperlyConfigured as error:  # Celery only logs what a signal's receiver raises, and goes on
        raise SystemExit(f"It does not start: {error}") from error


@worker_init.connect
def prepare(**_: Any) -> None:
    for module in HEAVY:
        import_module(module)
