"""How many instances there are of each service that decides: as its lag asks for (KEDA)."""

from __future__ import annotations

from typing import Any

from deploy.kubernetes.parts import CLUSTER, RULES, Document, dashed, document, of_service
from deploy.kubernetes.workloads import COMMON, REPLICAS
from shared.events.topics import SERVICES, TOPICS, topics_read_by
from shared.operations.rights import LAG_MONITOR

API = "keda.sh/v1alpha1"
LAG_OF_ONE = 2_000
"""Records behind for each instance: four full batches."""
SETTLED_SECONDS = 600
"""An instance that leaves makes all others stop and share its partitions."""


def scaling() -> list[Document]:
    return [credentials(), *(scaled(name) for name in SERVICES)]


def credentials() -> Document:
    """KEDA's user sees how far groups have read, and no record."""
    spec = {
        "configMapTargetRef": [{"parameter": "username", "name": LAG_MONITOR, "key": "username"}],
        "secretTargetRef": [
            {"parameter": "password", "name": LAG_MONITOR, "key": "password"},
            {"parameter": "ca", "name": f"{CLUSTER}-cluster-ca-cert", "key": "ca.crt"},
        ],
    }
    return document(API, "TriggerAuthentication", LAG_MONITOR, spec=spec)


def scaled(name: str) -> Document:
    """Never none: what is due has to be done although nothing comes in."""
    read = topics_read_by(name)
    down = {"stabilizationWindowSeconds": SETTLED_SECONDS}
    spec = {
        "scaleTargetRef": {"name": dashed(name)},
        "pollingInterval": 30,
        "minReplicaCount": REPLICAS,
        "maxReplicaCount": max(TOPICS[it].partitions for it in read),
        "fallback": {
            "failureThreshold": 3,
            "replicas": REPLICAS,
            "behavior": "currentReplicasIfHigher",
        },
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": down}}},
        "triggers": [trigger(name, topic) for topic in read],
    }
    return of_service(API, "ScaledObject", name, spec=spec)


def trigger(name: str, topic: str) -> dict[str, Any]:
    return {
        "type": "kafka",
        "metadata": {
            "bootstrapServers": COMMON["KAFKA_BOOTSTRAP_SERVERS"],
            "consumerGroup": RULES.group_of(name),
            "topic": topic,
            "lagThreshold": str(LAG_OF_ONE),
            "offsetResetPolicy": "earliest",
            "sasl": "scram_sha512",
            "tls": "enable",
        },
        "authenticationRef": {"name": LAG_MONITOR},
    }
