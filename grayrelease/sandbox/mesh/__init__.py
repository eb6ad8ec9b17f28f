"""The sandbox's mesh: Istio's objects, obeyed by real Envoy proxies."""

from __future__ import annotations
