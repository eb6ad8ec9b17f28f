"""Istio's types of networking.istio.io, as far as their schemas matter: VirtualService and its kin."""

from __future__ import annotations

from grayrelease.sandbox.apiserver.istio_traffic import SUBSET, TRAFFIC_POLICY
from grayrelease.sandbox.apiserver.objects import Object
from grayrelease.sandbox.apiserver.schema import Node
from grayrelease.sandbox.apiserver.shapes import (
    AGE,
    ANY,
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    choice,
    column,
    definition,
    exactly_one,
    many,
    mapping,
    record,
    rules,
)

GROUP = "networking.istio.io"
VERSIONS = ("v1alpha3", "v1beta1", "v1")
STORAGE = "v1"
CATEGORIES = ("istio-io", "networking-istio-io")

DURATION: Node = {
    "type": "string",
    "x-kubernetes-validations": [
        {
            "message": "must be a valid duration greater than 1ms",
            "rule": "duration(self) >= duration('1ms')",
        }
    ],
}
PERCENT = record(value={**NUMBER, "format": "double"})
MATCH = exactly_one(record(exact=TEXT, prefix=TEXT, regex=TEXT), "exact", "prefix", "regex")
LABELS = mapping(TEXT)
DESTINATION = record("host", host=TEXT, subset=TEXT, port=record(number=COUNT))
OPERATIONS = record(set=mapping(TEXT), add=mapping(TEXT), remove=many(TEXT))
HEADERS = record(request=OPERATIONS, response=OPERATIONS)

HTTP_MATCH = record(
    name=TEXT,
    uri=MATCH,
    scheme=MATCH,
    method=MATCH,
    authority=MATCH,
    headers=mapping(MATCH),
    withoutHeaders=mapping(MATCH),
    queryParams=mapping(MATCH),
    port=COUNT,
    sourceLabels=LABELS,
    sourceNamespace=TEXT,
    gateways=many(TEXT),
    ignoreUriCase=FLAG,
    statPrefix=TEXT,
)
HTTP_ROUTE_DESTINATION = record("destination", destination=DESTINATION, weight=WHOLE, headers=HEADERS)
REDIRECT = record(
    uri=TEXT,
    authority=TEXT,
    port=COUNT,
    derivePort=choice("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"),
    scheme=TEXT,
    redirectCode=COUNT,
)
RETRIES = record(
    attempts=WHOLE,
    perTryTimeout=DURATION,
    retryOn=TEXT,
    retryRemoteLocalities={**FLAG, "nullable": True},
    retryIgnorePreviousHosts={**FLAG, "nullable": True},
    backoff=DURATION,
)
FAULT = record(
    delay=exactly_one(
        record(percent=WHOLE, percentage=PERCENT, fixedDelay=DURATION, exponentialDelay=DURATION),
        "fixedDelay",
        "exponentialDelay",
    ),
    abort=exactly_one(
        record(httpStatus=WHOLE, grpcStatus=TEXT, http2Error=TEXT, percentage=PERCENT),
        "httpStatus",
        "grpcStatus",
        "http2Error",
    ),
)
CORS = record(
    allowOrigin=many(TEXT),
    allowOrigins=many(MATCH),
    allowMethods=many(TEXT),
    allowHeaders=many(TEXT),
    exposeHeaders=many(TEXT),
    maxAge=DURATION,
    allowCredentials={**FLAG, "nullable": True},
    unmatchedPreflights=choice("UNSPECIFIED", "FORWARD", "IGNORE"),
)
HTTP_ROUTE = record(
    name=TEXT,
    match=many(HTTP_MATCH),
    route=many(HTTP_ROUTE_DESTINATION),
    redirect=REDIRECT,
    directResponse=record(
        "status", status=COUNT, body=exactly_one(record(string=TEXT, bytes=TEXT), "string", "bytes")
    ),
    delegate=record(name=TEXT, namespace=TEXT),
    rewrite=record(uri=TEXT, authority=TEXT, uriRegexRewrite=record(match=TEXT, rewrite=TEXT)),
    timeout=DURATION,
    retries=RETRIES,
    fault=FAULT,
    mirror=DESTINATION,
    mirrors=many(record("destination", destination=DESTINATION, percentage=PERCENT)),
    mirrorPercent={**COUNT, "nullable": True},
    mirror_percent={**COUNT, "nullable": True},
    mirrorPercentage=PERCENT,
    corsPolicy=CORS,
    headers=HEADERS,
)
ROUTE_DESTINATION = record("destination", destination=DESTINATION, weight=WHOLE)
LAYER_4_MATCH = record(
    destinationSubnets=many(TEXT),
    port=COUNT,
    sourceSubnet=TEXT,
    sourceLabels=LABELS,
    gateways=many(TEXT),
    sourceNamespace=TEXT,
)
TLS_MATCH = record(
    "sniHosts",
    sniHosts=many(TEXT),
    destinationSubnets=many(TEXT),
    port=COUNT,
    sourceLabels=LABELS,
    gateways=many(TEXT),
    sourceNamespace=TEXT,
)
VIRTUAL_SERVICE = record(
    hosts=many(TEXT),
    gateways=many(TEXT),
    http=many(HTTP_ROUTE),
    tls=many(record("match", match=many(TLS_MATCH), route=many(ROUTE_DESTINATION))),
    tcp=many(record(match=many(LAYER_4_MATCH), route=many(ROUTE_DESTINATION))),
    exportTo=many(TEXT),
)
SELECTOR = record(matchLabels=mapping({**TEXT, "maxLength": 63}))
DESTINATION_RULE = record(
    "host",
    host=TEXT,
    trafficPolicy=TRAFFIC_POLICY,
    subsets=many(SUBSET),
    exportTo=many(TEXT),
    workloadSelector=SELECTOR,
)
PORT = record("number protocol name", number=COUNT, protocol=TEXT, name=TEXT, targetPort=COUNT)
SERVER_TLS = rules(
    record(
        httpsRedirect=FLAG,
        mode=choice(
            "PASSTHROUGH",
            "SIMPLE",
            "MUTUAL",
            "AUTO_PASSTHROUGH",
            "ISTIO_MUTUAL",
            "OPTIONAL_MUTUAL",
        ),
        serverCertificate=TEXT,
        privateKey=TEXT,
        caCertificates=TEXT,
        caCrl=TEXT,
        caCertCredentialName=TEXT,
        credentialName=TEXT,
        credentialNames=many(TEXT),
        tlsCertificates=many(record(serverCertificate=TEXT, privateKey=TEXT, caCertificates=TEXT)),
        subjectAltNames=many(TEXT),
        verifyCertificateSpki=many(TEXT),
        verifyCertificateHash=many(TEXT),
        minProtocolVersion=choice("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"),
        maxProtocolVersion=choice("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"),
        cipherSuites=many(TEXT),
    ),
    (
        "!(has(self.tlsCertificates) && has(self.credentialNames))",
        "only one of credentialNames or tlsCertificates can be set",
    ),
)
GATEWAY = record(
    selector=LABELS,
    servers=many(
        record(
            "port hosts",
            port=PORT,
            bind=TEXT,
            hosts=many(TEXT),
            tls=SERVER_TLS,
            defaultEndpoint=TEXT,
            name=TEXT,
        )
    ),
)
SERVICE_ENTRY = record(
    "hosts",
    hosts=many(TEXT),
    addresses=many(TEXT),
    ports=many(record("number name", number=COUNT, protocol=TEXT, name=TEXT, targetPort=COUNT)),
    location=choice("MESH_EXTERNAL", "MESH_INTERNAL"),
    resolution=choice("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"),
    endpoints=many(
        record(
            address=TEXT,
            ports=mapping(COUNT),
            labels=LABELS,
            network=TEXT,
            locality=TEXT,
            weight=COUNT,
            serviceAccount=TEXT,
        )
    ),
    workloadSelector=record(labels=LABELS),
    exportTo=many(TEXT),
    subjectAltNames=many(TEXT),
)
SIDECAR_PORT = record(number=COUNT, protocol=TEXT, name=TEXT, targetPort=COUNT)
SIDECAR = record(
    workloadSelector=record(labels=LABELS),
    ingress=many(
        record("port", port=SIDECAR_PORT, bind=TEXT, captureMode=TEXT, defaultEndpoint=TEXT, tls=SERVER_TLS)
    ),
    egress=many(record("hosts", port=SIDECAR_PORT, bind=TEXT, captureMode=TEXT, hosts=many(TEXT))),
    inboundConnectionPool=ANY,
    outboundTrafficPolicy=record(mode=choice("REGISTRY_ONLY", "ALLOW_ANY"), egressProxy=DESTINATION),
)
CONDITION = record(
    type=TEXT,
    status=TEXT,
    reason=TEXT,
    message=TEXT,
    lastProbeTime=TIME,
    lastTransitionTime=TIME,
    observedGeneration=WHOLE,
)
STATUS = {
    **record(
        conditions=many(CONDITION),
        validationMessages=many(ANY),
        observedGeneration={"x-kubernetes-int-or-string": True},
    ),
    "x-kubernetes-preserve-unknown-fields": True,
}


def _type(
    kind: str, plural: str, short: tuple[str, ...], spec: Node, required: str = "", **columns: str
) -> Object:
    node = record(required, spec=spec, status=STATUS)
    shown = tuple(column(name, path) for name, path in columns.items())
    return definition(
        GROUP,
        kind,
        plural,
        dict.fromkeys(VERSIONS, node),
        STORAGE,
        short_names=short,
        categories=CATEGORIES,
        columns=(*shown, AGE),
    )


def definitions() -> list[Object]:
    """The CustomResourceDefinitions of a cluster with Istio."""
    return [
        _type("DestinationRule", "destinationrules", ("dr",), DESTINATION_RULE, Host=".spec.host"),
        _type("Gateway", "gateways", ("gw",), GATEWAY),
        _type(
            "ServiceEntry",
            "serviceentries",
            ("se",),
            SERVICE_ENTRY,
            "spec",
            Hosts=".spec.hosts",
            Location=".spec.location",
            Resolution=".spec.resolution",
        ),
        _type("Sidecar", "sidecars", (), SIDECAR),
        _type(
            "VirtualService",
            "virtualservices",
            ("vs",),
            VIRTUAL_SERVICE,
            Gateways=".spec.gateways",
            Hosts=".spec.hosts",
        ),
    ]
