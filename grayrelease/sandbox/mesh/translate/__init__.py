"""From Kubernetes and Istio objects to Envoy's configuration: pure functions."""

from __future__ import annotations
