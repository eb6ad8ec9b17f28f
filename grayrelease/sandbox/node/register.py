"""The Node object."""

from __future__ import annotations

import os
import platform

from grayrelease.sandbox.client import ApiError, Client, Object
from grayrelease.sandbox.node.status import stamp

HEALTHY = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}


def node(name: str, port: int, network: str) -> Object:
    """Describe this machine as a node whose kubelet listens on 127.0.0.1:port."""
    now = stamp()
    resources = {"cpu": str(os.cpu_count() or 1), "memory": "16Gi", "pods": "250"}
    conditions = [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        for kind, (status, reason, message) in HEALTHY.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": platform.system().lower()},
        },
        "spec": {"podCIDR": network, "podCIDRs": [network]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "capacity": resources,
            "allocatable": resources,
            "conditions": conditions,
            "nodeInfo": {
                "architecture": platform.machine(),
                "bootID": "",
                "containerRuntimeVersion": "sandbox://1",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.36.0",
                "machineID": "",
                "operatingSystem": platform.system().lower(),
                "osImage": "sandbox",
                "systemUUID": "",
            },
        },
    }


async def register(client: Client, item: Object) -> None:
    """Create the Node, or bring its status up to date."""
    path = f"/api/v1/nodes/{item['metadata']['name']}"
    try:
        await client.post("/api/v1/nodes", item)
    except ApiError as error:
        if error.status != 409:
            raise
    await client.patch(f"{path}/status", {"status": item["status"]})
