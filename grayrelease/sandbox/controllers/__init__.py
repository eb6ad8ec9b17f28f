"""The controllers of the sandbox: Deployments, ReplicaSets, EndpointSlices, garbage, namespaces."""

from __future__ import annotations
