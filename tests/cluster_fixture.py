"""The emulated cluster, for tests."""

from __future__ import annotations

from pathlib import Path

from demo import sandbox
from demo.options import ROOT, Options
from demo.supervisor import Supervisor


class Cluster:
    """API server and controllers; `whole` adds node agent and mesh. A context manager."""

    def __init__(self, folder: Path, whole: bool = False, **options: object) -> None:
        self.options = Options(folder=folder, sandbox=folder / "sandbox", **options)  # type: ignore[arg-type]
        self.supervisor = Supervisor(folder / "log", ROOT)
        self.whole = whole

    @property
    def kubeconfig(self) -> Path:
        return self.options.kubeconfig

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.options.ports.gateway}"

    def __enter__(self) -> Cluster:
        try:
            self.supervisor.start(sandbox.apiserver(self.options))
            self.supervisor.start(sandbox.controllers(self.options))
            if self.whole:
                self.supervisor.start(sandbox.node(self.options), sandbox.mesh(self.options))
        except BaseException:
            self.supervisor.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.supervisor.stop()
