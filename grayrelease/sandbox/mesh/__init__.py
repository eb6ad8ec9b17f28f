"""The sandbox's mesh: Istio's objects, obeyed by real Envoy proxies.

Each pod with a sidecar has two listeners at its own address: POD:15001 takes what it calls (with the
service's name in the Host header), POD:15006 what it is asked. 127.0.0.1:GATEWAY_PORT is the ingress
gateway: it serves the Gateways' servers for port 80 and for its own number. Pods share a few Envoy
processes. All that changes with a release is in clusters, endpoints and routes; listeners stay.

Services whose ports speak no HTTP have a port of their own at each pod (`sandbox.tcp_ports`), since no Host
header tells them apart; their weights do stand in listeners.

What is not obeyed: TCP and TLS at gateways, encryption between proxies, rules by `destinationSubnets`,
DestinationRules with a `workloadSelector`, and of a trafficPolicy all but `loadBalancer.simple`. An unknown
host gets 503: nothing is outside of the sandbox but what ServiceEntries name.
"""

from __future__ import annotations
