"""Who works on a target: one UPDATE with the database's clock, renewed before every write."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from grayrelease.models import Leased


class Lost(Exception):
    """Somebody else has the lease, or people want something else by now: the run ends."""


@dataclass(frozen=True)
class Lease:
    """A run's hold on a row. `decided_on`: columns that must still be as they were when it decided."""

    model: type[Leased]
    pk: int
    owner: str
    decided_on: Mapping[str, object] = field(default_factory=dict)

    def renew(self) -> None:
        """Hold it for another LEASE_S. Raises Lost."""
        self.update(lease_until=until())

    def update(self, **columns: object) -> None:
        """Set columns of the row, if the run still may. Raises Lost."""
        if not self._mine().filter(**self.decided_on).update(**columns):
            raise Lost

    def release(self, **columns: object) -> None:
        """Let go, whatever people want by now."""
        self._mine().update(lease_owner="", lease_until=None, **columns)

    def _mine(self) -> QuerySet[Leased]:
        return self.model._default_manager.filter(pk=self.pk, lease_owner=self.owner)


def new_owner() -> str:
    return f"{os.getpid()}-{uuid.uuid4()}"


def until() -> ExpressionWrapper[Any]:
    return ExpressionWrapper(Now() + timedelta(seconds=settings.LEASE_S), DateTimeField())


def take(model: type[Leased], pk: int, owner: str, *, without_asking: bool = False) -> bool:
    """Take the lease of a row if it is free or over; a roll back does not ask."""
    rows = model._default_manager.filter(pk=pk)
    if not without_asking:
        rows = rows.filter(Q(lease_until=None) | Q(lease_until__lt=Now()))
    return bool(rows.update(lease_owner=owner, lease_until=until()))
