"""Files that Envoy watches: always written whole, then renamed into place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from grayrelease.sandbox.mesh.translate.clusters import endpoint_file
from grayrelease.sandbox.mesh.translate.objects import Object
from grayrelease.sandbox.mesh.translate.proxies import Folder

TYPES = {
    "clusters": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "endpoints": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    "routes": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
    "listeners": "type.googleapis.com/envoy.config.listener.v3.Listener",
}


def write_atomically(path: Path, content: Any, draft_folder: Path) -> None:
    """Write JSON; the draft is made in another folder, since Envoy watches the folder of the file."""
    draft = draft_folder / path.name
    draft.write_bytes(json.dumps(content, separators=(",", ":")).encode())
    os.replace(draft, path)


class ResourceFiles:
    """The files of one Envoy process: one each for clusters and listeners, one a resource for the rest."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.drafts = root / "drafts"
        self.versions: dict[Path, str] = {}
        self._numbers = count(1)

    def clear(self) -> None:
        """Make the folders, empty."""
        shutil.rmtree(self.root, ignore_errors=True)
        for name in ("drafts", "cds", "eds", "rds", "lds"):
            (self.root / name).mkdir(parents=True)
        self.versions.clear()

    def path(self, kind: str, name: str = "") -> Path:
        """Give the file of a kind, or of one endpoint assignment or route configuration."""
        if kind == "clusters":
            return self.root / "cds" / "cds.json"
        if kind == "listeners":
            return self.root / "lds" / "lds.json"
        folder = Folder(self.root)
        return endpoint_file(folder.endpoints, name) if kind == "endpoints" else folder.routes(name)

    def write(self, kind: str, resources: Iterable[Object], name: str = "") -> None:
        """Write the resources of one file, with a version of their own."""
        version = str(next(self._numbers))
        typed = [{"@type": TYPES[kind], **resource} for resource in resources]
        path = self.path(kind, name)
        write_atomically(path, {"version_info": version, "resources": typed}, self.drafts)
        self.versions[path] = version

    def remove(self, kind: str, name: str) -> None:
        """Remove the file of an assignment or route configuration that nothing names any more."""
        path = self.path(kind, name)
        path.unlink(missing_ok=True)
        self.versions.pop(path, None)

    def bootstrap(self, node: str) -> Path:
        """Write Envoy's own start file: its admin port is picked by the kernel."""
        path = self.root / "bootstrap.json"
        path.write_text(json.dumps(self._bootstrap(node)))
        return path

    def _bootstrap(self, node: str) -> Mapping[str, object]:
        return {
            "node": {"id": node, "cluster": "sandbox"},
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "stats_flush_interval": "0.5s",
            "dynamic_resources": {
                "cds_config": self._source("clusters"),
                "lds_config": self._source("listeners"),
            },
        }

    def _source(self, kind: str) -> Mapping[str, object]:
        return {"resource_api_version": "V3", "path_config_source": {"path": str(self.path(kind))}}
