"""The services as Deployments, their addresses, and how many of them may be gone at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.kubernetes.parts import (
    CLUSTER,
    DOCUMENTS,
    GRACEFUL_SECONDS,
    HEALTH,
    INTERNAL,
    NAMES,
    PAGES,
    SECRETS_FOLDER,
    Document,
    asked_by,
    dashed,
    labels,
    of_service,
    ports_of,
    secrets_of,
    speaks_https,
)
from shared.events.topics import ARCHIVE, SERVICES

IMAGE = "contract-desk:0.1.0"
USER = 10001
"""As the Dockerfile has it."""
LEAVING_SECONDS = 5
"""For the Services to stop sending to a pod, before it is told to end."""
GRACE_SECONDS = GRACEFUL_SECONDS + LEAVING_SECONDS + 25
CA_FILE = "kafka-ca.crt"
READ_BY_PEOPLE = (ARCHIVE, *PAGES)
"""Pages and downloads need no broker: they stay while it does not answer."""
REPLICAS = 2

COMMON = {
    "KAFKA_BOOTSTRAP_SERVERS": f"{CLUSTER}-kafka-bootstrap:9093",
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_CA_FILE": f"{SECRETS_FOLDER}/{CA_FILE}",
    "SECRETS_DIR": SECRETS_FOLDER,
    "CREATE_TOPICS": "false",
    "TOPIC_REPLICATION": "3",
    "LOG_FORMAT": "json",
    "HTTP_HOST": "0.0.0.0",  # noqa: S104 - a pod's network is its own
    "HTTP_PORT": str(HEALTH),
    "GRACEFUL_TIMEOUT_SECONDS": str(GRACEFUL_SECONDS),
}


def environment(name: str) -> dict[str, str]:
    """Returns one service's variables; the company's own values are in the overlay."""
    found = {"KAFKA_USERNAME": dashed(name)}
    if name in SERVICES:
        found |= {"INTERNAL_HOST": COMMON["HTTP_HOST"], "INTERNAL_PORT": str(INTERNAL)}
    if name == ARCHIVE:
        found |= {"DOCUMENTS_HOST": COMMON["HTTP_HOST"], "DOCUMENTS_PORT": str(DOCUMENTS)}
    if name in PAGES:
        found |= {"WEB_HOST": COMMON["HTTP_HOST"], "WEB_PORT": str(PAGES[name])}
    return found | {f"{it.upper()}_URL": f"http://{dashed(it)}:{INTERNAL}" for it in asked_by(name)}


def workloads(name: str) -> list[Document]:
    """Everything that runs one service."""
    selector = {"matchLabels": labels(name)}
    budget = {"maxUnavailable": 1, "selector": selector}
    return [
        deployment(name),
        *addresses(name),
        of_service("policy/v1", "PodDisruptionBudget", name, spec=budget),
    ]


def deployment(name: str) -> Document:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels(name)},
        "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "minReadySeconds": 10,
        "template": {"metadata": {"labels": labels(name)}, "spec": pod(name)},
    }
    if name not in SERVICES:  # KEDA says how many there are of the others
        spec = {"replicas": REPLICAS, **spec}
    return of_service("apps/v1", "Deployment", name, spec=spec)


def pod(name: str) -> dict[str, Any]:
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(name)},
    }
    return {
        "automountServiceAccountToken": False,
        # A Service's variables, such as CANCELLATION_PORT, might be taken for settings.
        "enableServiceLinks": False,
        # Otherwise a process is the first one, which no signal ends before it listens to it.
        "shareProcessNamespace": True,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [spread],
        "containers": [container(name)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
            {"name": "secrets", "projected": {"defaultMode": 0o440, "sources": secrets(name)}},
        ],
    }


def container(name: str) -> dict[str, Any]:
    ready = "/live" if name in READ_BY_PEOPLE else "/health"
    return {
        "name": dashed(name),
        "image": IMAGE,
        "args": [f"services.{name}"],
        "envFrom": [{"configMapRef": {"name": it}} for it in ("desk", dashed(name))],
        "ports": [{"name": it, "containerPort": port} for it, port in ports_of(name).items()],
        "startupProbe": probe("/live", periodSeconds=2, failureThreshold=90),
        "livenessProbe": probe("/live", periodSeconds=10, failureThreshold=6),
        "readinessProbe": probe(ready, periodSeconds=5, failureThreshold=3),
        "lifecycle": {"preStop": {"sleep": {"seconds": LEAVING_SECONDS}}},
        "resources": {
            "requests": {"cpu": "250m", "memory": "256Mi"},
            "limits": {"memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a volume of the pod's own
            {"name": "secrets", "mountPath": SECRETS_FOLDER, "readOnly": True},
        ],
    }


def probe(path: str, **rhythm: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "health"}, "timeoutSeconds": 5, **rhythm}


def secrets(name: str) -> list[dict[str, Any]]:
    """A folder of files called like settings: Strimzi's password and CA, and the service's own. A
    pod waits for each Secret and key that is not optional.
    """
    found = [
        from_secret(dashed(name), {"password": "kafka_password"}),
        from_secret(f"{CLUSTER}-cluster-ca-cert", {"ca.crt": CA_FILE}),
        from_secret(f"{dashed(name)}-secrets", {it: it for it in secrets_of(name)}),
        from_secret("mongodb-ca", {"ca.crt": "mongo-ca.crt"}, optional=True),
    ]
    if speaks_https(name):
        client = {"oidc_client_secret": "oidc_client_secret"}
        found.append(from_secret(f"{dashed(name)}-oidc", client, optional=True))
    return found


def from_secret(name: str, paths: dict[str, str], **more: bool) -> dict[str, Any]:
    items = [{"key": key, "path": path} for key, path in paths.items()]
    return {"secret": {"name": name, "items": items, **more}}


def addresses(name: str) -> Iterator[Document]:
    for port, number in ports_of(name).items():
        if port != "health":
            yield address(name, port, number)


def address(name: str, port: str, number: int) -> Document:
    """The internal port is asked when something is wrong, so also where a service is not ready."""
    spec: dict[str, Any] = {
        "selector": labels(name),
        "ports": [{"name": port, "port": number, "targetPort": port}],
    }
    if port == "internal":
        spec["publishNotReadyAddresses"] = True
    made = of_service("v1", "Service", name, spec=spec)
    if port == "documents":
        made["metadata"]["name"] += "-documents"
    return made


def settings() -> dict[str, dict[str, str]]:
    """The ConfigMaps: one for all services, and one for each."""
    return {"desk": COMMON} | {dashed(name): environment(name) for name in NAMES}
