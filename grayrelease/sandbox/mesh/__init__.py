"""The sandbox's mesh: Istio's objects, obeyed by real Envoy proxies.

Each pod with a sidecar has two listeners at its own address: POD:15001 takes what it calls (with the
service's name in the Host header), POD:15006 what it is asked. 127.0.0.1:GATEWAY_PORT is the ingress
gateway: it serves the Gateways' servers for port 80 and for its own number. Pods share a few Envoy
processes. All that changes with a release is in clusters, endpoints and routes; listeners stay.

What is not obeyed: ports that don't speak HTTP, TLS, delegation, HTTPRoute, and of a DestinationRule's
trafficPolicy all but `loadBalancer.simple`. An unknown host gets 503: nothing is outside of the sandbox.
"""

from __future__ import annotations
