"""Who may talk to whom: nothing but what the catalogue and the services' settings ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.kubernetes.parts import (
    CLUSTER,
    HEALTH,
    INTERNAL,
    NAMES,
    PART_OF,
    Document,
    asked_by,
    document,
    labels,
    of_service,
    ports_of,
    sends_mail,
    speaks_https,
)

API = "networking.k8s.io/v1"
OTLP = 4318
"""Where OpenTelemetry's collectors take traces by HTTP."""
OPERATIONS = {"app.kubernetes.io/part-of": PART_OF, "app.kubernetes.io/component": "operations"}
"""Pods in which operators run `desk`."""
NOT_PUBLIC = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]


def policies() -> list[Document]:
    closed = {
        "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": PART_OF}},
        "policyTypes": ["Ingress", "Egress"],
    }
    return [
        document(API, "NetworkPolicy", "closed", spec=closed),
        *(of_service(API, "NetworkPolicy", name, spec=policy(name)) for name in NAMES),
    ]


def policy(name: str) -> dict[str, Any]:
    return {
        "podSelector": {"matchLabels": labels(name)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": list(let_in(name)),
        "egress": list(let_out(name)),
    }


def let_in(name: str) -> Iterator[dict[str, Any]]:
    """Kubernetes itself lets a node's own probes in."""
    yield {"from": [namespace("monitoring")], "ports": tcp(HEALTH)}
    ports = ports_of(name)
    if "internal" in ports:
        askers = [pods(labels(it)) for it in NAMES if name in asked_by(it)]
        yield {"from": [*askers, pods(OPERATIONS)], "ports": tcp(INTERNAL)}
    for port in ("documents", "pages"):
        if port in ports:
            yield {"from": [namespace("ingress-nginx")], "ports": tcp(ports[port])}


def let_out(name: str) -> Iterator[dict[str, Any]]:
    names = namespace("kube-system") | pods({"k8s-app": "kube-dns"})
    yield {"to": [names], "ports": [{"protocol": it, "port": 53} for it in ("UDP", "TCP")]}
    brokers = {"strimzi.io/cluster": CLUSTER, "strimzi.io/kind": "Kafka"}
    yield {"to": [pods(brokers)], "ports": tcp(9093)}
    yield {"to": [pods({"app.kubernetes.io/name": "mongodb"})], "ports": tcp(27017)}
    yield {"to": [namespace("monitoring")], "ports": tcp(OTLP)}
    if sends_mail(name):  # wherever the company's mail server is
        yield {"ports": tcp(465, 587)}
    if asked := asked_by(name):
        yield {"to": [pods(labels(it)) for it in asked], "ports": tcp(INTERNAL)}
    if speaks_https(name):
        public = {"cidr": "0.0.0.0/0", "except": NOT_PUBLIC}
        yield {"to": [{"ipBlock": public}], "ports": tcp(443)}


def pods(matching: dict[str, str]) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": matching}}


def namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def tcp(*ports: int) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]
