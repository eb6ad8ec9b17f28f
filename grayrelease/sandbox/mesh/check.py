"""Whether an Envoy has taken what was written for it. A refused update is an error of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from grayrelease.sandbox.mesh.envoy import UNREACHABLE, Envoy
from grayrelease.sandbox.mesh.feed import Feed

log = logging.getLogger(__name__)

TAKEN_S = 5.0
POLL_S = 0.05


async def check(envoy: Envoy, feed: Feed) -> bool:
    """Say whether all that was written is in effect; complain loudly of what is not."""
    try:
        return await _taken(envoy, feed)
    except UNREACHABLE:
        # It has ended; the one that is started in its place reads the files anew.
        return False


async def _taken(envoy: Envoy, feed: Feed) -> bool:
    deadline = asyncio.get_running_loop().time() + TAKEN_S
    wanted = expected(feed)
    while True:
        held = await envoy.versions()
        # What went in the meantime is no longer waited for.
        missing = behind({name: wanted[name] for name in wanted.keys() & expected(feed).keys()}, held)
        refused = await envoy.refused()
        for name in refused:
            log.error("REFUSED by %s: %s, the last good state stays in force", envoy.name, name)
        if refused or not missing:
            return not missing
        if asyncio.get_running_loop().time() > deadline:
            log.error("NOT TAKEN by %s: %s", envoy.name, ", ".join(sorted(missing)))
            return False
        await asyncio.sleep(POLL_S)


def expected(feed: Feed) -> dict[str, str]:
    """Give the versions written, by what the name of their statistic ends with."""
    names = {
        "cluster_manager.cds": feed.files.path("clusters"),
        "listener_manager.lds": feed.files.path("listeners"),
    }
    for cluster in feed.written["clusters"].keys() & feed.written["endpoints"].keys():
        names[f"cluster.{cluster}"] = feed.files.path("endpoints", cluster)
    return {f"{name}.version_text": feed.files.versions[path] for name, path in names.items()} | _routes(feed)


def behind(wanted: Mapping[str, str], held: Mapping[str, str]) -> list[str]:
    """Name what Envoy has in an older version than written."""
    return [name for name, version in wanted.items() if int(held.get(name) or 0) < int(version)]


def _routes(feed: Feed) -> dict[str, str]:
    wanted = {}
    for listener in feed.written["listeners"].values():
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        if "rds" in manager:
            table = manager["rds"]["route_config_name"]
            name = f"http.{manager['stat_prefix']}.rds.{table}.version_text"
            wanted[name] = feed.files.versions[feed.files.path("routes", table)]
    return wanted
