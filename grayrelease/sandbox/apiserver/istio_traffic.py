"""The traffic policy of a DestinationRule."""

from __future__ import annotations

from grayrelease.sandbox.apiserver.shapes import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    WHOLE,
    choice,
    exactly_one,
    many,
    mapping,
    record,
)

DURATION_TEXT = {
    "type": "string",
    "x-kubernetes-validations": [
        {"message": "must be a valid duration greater than 1ms", "rule": "duration(self) >= duration('1ms')"}
    ],
}
NULLABLE_COUNT = {**COUNT, "nullable": True}
NULLABLE_FLAG = {**FLAG, "nullable": True}

LOCALITY = record(
    distribute=many(record(from_=TEXT, to=mapping(COUNT))),
    failover=many(record(from_=TEXT, to=TEXT)),
    failoverPriority=many(TEXT),
    enabled=NULLABLE_FLAG,
)
CONSISTENT_HASH = exactly_one(
    record(
        httpHeaderName=TEXT,
        httpCookie=record(
            "name",
            name=TEXT,
            path=TEXT,
            ttl={"type": "string"},
            attributes=many(record("name", name=TEXT, value=TEXT)),
        ),
        useSourceIp=FLAG,
        httpQueryParameterName=TEXT,
        ringHash=record(minimumRingSize=WHOLE),
        maglev=record(tableSize=WHOLE),
        minimumRingSize=WHOLE,
    ),
    "httpHeaderName",
    "httpCookie",
    "useSourceIp",
    "httpQueryParameterName",
)
LOAD_BALANCER = exactly_one(
    record(
        simple=choice("UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"),
        consistentHash=CONSISTENT_HASH,
        localityLbSetting=LOCALITY,
        zoneAwareLbSetting=LOCALITY,
        warmup=record(
            "duration",
            duration=DURATION_TEXT,
            minimumPercent={**NUMBER, "nullable": True},
            aggression={**NUMBER, "nullable": True},
        ),
        warmupDurationSecs=DURATION_TEXT,
    ),
    "simple",
    "consistentHash",
)
CONNECTION_POOL = record(
    tcp=record(
        maxConnections=WHOLE,
        connectTimeout=DURATION_TEXT,
        tcpKeepalive=record(probes=COUNT, time=DURATION_TEXT, interval=DURATION_TEXT),
        maxConnectionDuration=DURATION_TEXT,
        idleTimeout=DURATION_TEXT,
    ),
    http=record(
        http1MaxPendingRequests=WHOLE,
        http2MaxRequests=WHOLE,
        maxRequestsPerConnection=WHOLE,
        maxRetries=WHOLE,
        idleTimeout=DURATION_TEXT,
        h2UpgradePolicy=choice("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"),
        useClientProtocol=FLAG,
        maxConcurrentStreams=WHOLE,
    ),
)
OUTLIER_DETECTION = record(
    consecutiveErrors=WHOLE,
    splitExternalLocalOriginErrors=FLAG,
    consecutiveLocalOriginFailures=NULLABLE_COUNT,
    consecutiveGatewayErrors=NULLABLE_COUNT,
    consecutive5xxErrors=NULLABLE_COUNT,
    interval=DURATION_TEXT,
    baseEjectionTime=DURATION_TEXT,
    maxEjectionPercent=WHOLE,
    minHealthPercent=WHOLE,
    outlierDetectionHttpErrorCodes=many(WHOLE),
)
CLIENT_TLS = record(
    mode=choice("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"),
    clientCertificate=TEXT,
    privateKey=TEXT,
    caCertificates=TEXT,
    caCrl=TEXT,
    credentialName=TEXT,
    sni=TEXT,
    subjectAltNames=many(TEXT),
    insecureSkipVerify=NULLABLE_FLAG,
)
COMMON = {
    "loadBalancer": LOAD_BALANCER,
    "connectionPool": CONNECTION_POOL,
    "outlierDetection": OUTLIER_DETECTION,
    "tls": CLIENT_TLS,
}
TRAFFIC_POLICY = record(
    **COMMON,
    portLevelSettings=many(record(port=record(number=COUNT), **COMMON)),
    tunnel=record("targetHost targetPort", protocol=TEXT, targetHost=TEXT, targetPort=COUNT),
    proxyProtocol=record(version=choice("V1", "V2")),
    retryBudget=record(percent=NUMBER, minRetryConcurrency=COUNT),
)
SUBSET = record("name", name=TEXT, labels=mapping(TEXT), trafficPolicy=TRAFFIC_POLICY)
