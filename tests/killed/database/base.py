"""PostgreSQL as Django speaks to it, with a point before and after each commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base

from tests.killed.death import DEATH

CHANGES = ("INSERT", "UPDATE", "DELETE")


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(_statement)

    def _commit(self) -> None:
        DEATH.commit("before")
        super()._commit()
        DEATH.commit("after")


def _statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """A change outside a transaction commits by itself."""
    alone = sql.startswith(CHANGES) and context["connection"].get_autocommit()
    if alone:
        DEATH.commit("before")
    result = execute(sql, params, many, context)
    if alone:
        DEATH.commit("after")
    return result
