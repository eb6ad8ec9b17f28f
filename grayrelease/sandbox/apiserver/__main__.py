"""python -m grayrelease.sandbox.apiserver --port N --data DIR"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from grayrelease.sandbox.apiserver.server import Settings, serve
from grayrelease.sandbox.process import die_with_parent


def parse_arguments() -> Settings:
    parser = argparse.ArgumentParser(
        prog="python -m grayrelease.sandbox.apiserver", description="An emulated Kubernetes API server."
    )
    parser.add_argument("--port", type=int, default=0, help="0: the kernel chooses; see the kubeconfig")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of the journal, token and kubeconfig"
    )
    parser.add_argument("--gateway-api", action="store_true", help="serve gateway.networking.k8s.io too")
    parser.add_argument("--no-istiod", action="store_true", help="Istio's types without its admission")
    found = parser.parse_args()
    return Settings(found.data, found.port, gateway_api=found.gateway_api, istiod=not found.no_istiod)


def main() -> None:
    die_with_parent()
    settings = parse_arguments()
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(settings))
    else:
        uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
