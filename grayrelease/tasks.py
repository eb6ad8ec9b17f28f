"""Celery's doors, and the one function that rings at them. The broker is a door bell, never the truth."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from django.db import close_old_connections
from kombu.exceptions import KombuError
from kombu.transport.redis import Transport

from grayrelease.celery import app
from grayrelease.reconcile import applications, sweeping
from grayrelease.reconcile import reconcile as run

log = logging.getLogger(__name__)

BROKER_ERRORS: tuple[type[Exception], ...] = (
    KombuError,
    OSError,
    *Transport.connection_errors,
    *Transport.channel_errors,
)


@app.task
def reconcile(target_id: int) -> None:
    close_old_connections()
    run(target_id)


@app.task
def roll_back(target_id: int) -> None:
    """In a queue and a worker process of its own: never behind an ordinary run."""
    close_old_connections()
    run(target_id, rolling_back=True)


@app.task
def create_application(application_id: int) -> None:
    close_old_connections()
    applications.create(application_id)


@app.task
def sweep() -> None:
    """Ring for every target that differs, is due, or was not looked at for a while."""
    close_old_connections()
    for target_id in sweeping.due():
        if not ring(reconcile, target_id):
            return


def ring(task: Task[Any, Any], row_id: int) -> bool:
    """Tell a worker that a row waits. Call it after the commit. Returns False where nobody could be told.

    Takes at most 1.2 s, also with a broker that accepts and never answers.
    """
    try:
        task.apply_async((row_id,), retry=False, ignore_result=True)
    except BROKER_ERRORS as error:
        log.warning("%s %s not rung: %s", task.name, row_id, error)
        return False
    return True
