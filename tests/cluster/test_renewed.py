"""A token that is renewed is picked up without a restart, in the kubeconfig or in the file that it names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from django.test import override_settings

from grayrelease import cluster
from grayrelease.cluster.interface import Unreachable
from grayrelease.domain.failing import failing
from tests.cluster_fixture import Cluster

pytestmark = pytest.mark.processes


def config(api: Cluster, folder: Path) -> tuple[Path, Path, str]:
    """Write a kubeconfig that takes the token from a file; return both, and the right token."""
    known = yaml.safe_load(api.kubeconfig.read_text())
    token = known["users"][0]["user"].pop("token")
    file, path = folder / "token", folder / "config"
    known["users"][0]["user"]["tokenFile"] = str(file)
    file.write_text("expired")
    path.write_text(yaml.safe_dump(known))
    return path, file, token


def test_a_token_renewed_in_its_file_is_picked_up(sandbox_api: Cluster, tmp_path: Path) -> None:
    path, file, token = config(sandbox_api, tmp_path)
    with override_settings(KUBECONFIG=str(path)):
        with pytest.raises(Unreachable) as refused:
            cluster.connect().list("Deployment", "default")
        assert failing(str(refused.value)).code == "sign-in-refused"
        file.write_text(token)
        assert cluster.connect().list("Deployment", "default") == []
        assert cluster.connect() is cluster.connect(), "one client again, as long as it is accepted"


def test_a_kubeconfig_written_anew_is_picked_up(sandbox_api: Cluster, tmp_path: Path) -> None:
    path, _, _ = config(sandbox_api, tmp_path)
    with override_settings(KUBECONFIG=str(path)):
        with pytest.raises(Unreachable):
            cluster.connect().list("Deployment", "default")
        path.write_bytes(sandbox_api.kubeconfig.read_bytes())
        os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))
        assert cluster.connect().list("Deployment", "default") == []
