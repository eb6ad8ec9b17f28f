"""The emulated cluster's processes, by their command lines."""

from __future__ import annotations

from pathlib import Path

from demo.options import Options, python
from demo.part import Part
from demo.ready import listens

PACKAGE = "grayrelease.sandbox"


def apiserver(options: Options) -> Part:
    """The API server. Ready when it listens and its kubeconfig is written."""
    kubeconfig, port = options.kubeconfig, options.ports.api
    command = python("-m", f"{PACKAGE}.apiserver", "--port", str(port), "--data", options.sandbox)
    return Part("apiserver", command, ready=lambda: kubeconfig.exists() and listens(port)(), wave=2)


def controllers(options: Options) -> Part:
    """Deployments to pods, endpoints, garbage collection."""
    return Part("controllers", _client("controllers", options), wave=1)


def node(options: Options) -> Part:
    """Pods to local processes."""
    return Part("node", _client("node", options, "--data", options.sandbox / "node"), wave=1)


def mesh(options: Options) -> Part:
    """Routes to Envoys. Ready when the proxies run and Prometheus' configuration is written."""
    data = options.sandbox / "mesh"
    words = ["--data", str(data), "--gateway-port", str(options.ports.gateway)]
    words += ["--lag", options.lag] if options.lag else []
    words += [] if options.retries else ["--no-retries"]
    running = data / "mesh.json"
    running.unlink(missing_ok=True)  # of an earlier run
    return Part("mesh", _client("mesh", options, *words), ready=running.exists, wave=1)


def visitors(options: Options) -> Part:
    """People who look at Bookinfo, at a steady rate."""
    words = ["--gateway", f"http://127.0.0.1:{options.ports.gateway}", "--rate", f"{options.visitors:g}"]
    return Part("visitors", python("-m", f"{PACKAGE}.visitors", *words))


def prometheus_configuration(options: Options) -> Path:
    """Give the place where the mesh writes Prometheus' configuration."""
    return options.sandbox / "mesh" / "prometheus.yml"


def _client(name: str, options: Options, *words: str | Path) -> list[str]:
    return python("-m", f"{PACKAGE}.{name}", "--kubeconfig", options.kubeconfig, *words)
