"""The catalogue's topics and everybody's rights, for Strimzi's Topic and User Operator."""

from __future__ import annotations

from typing import Any

from deploy.kubernetes.parts import CLUSTER, RULES, Document, dashed, document
from shared.events.topics import CATALOGUE
from shared.kafka.acls import Pattern
from shared.kafka.topic_creation import new_topic
from shared.operations.rights import OPERATORS, OURS, kafka_rights, users

API = "kafka.strimzi.io/v1"
PATTERNS = {Pattern.LITERAL: "literal", Pattern.PREFIXED: "prefix"}
OUTSIDERS_BYTES_A_SECOND = 5 * 1024 * 1024
"""Of each outside user, on each broker: rights do not bound how much somebody writes."""


def topics() -> list[Document]:
    found = []
    for topic in CATALOGUE:
        made = new_topic(topic, RULES)
        spec = {
            "partitions": made.num_partitions,
            "replicas": made.replication_factor,
            "config": dict(made.topic_configs),
        }
        found.append(of_cluster("KafkaTopic", topic.name, spec))
    return found


def kafka_users() -> list[Document]:
    """Strimzi makes each user's password and keeps it in a Secret of the user's name."""
    return [of_cluster("KafkaUser", dashed(user), user_spec(user)) for user in users()]


def user_spec(user: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "authentication": {"type": "scram-sha-512"},
        "authorization": {"type": "simple", "acls": acls(user)},
    }
    if user not in (*OURS, OPERATORS):
        spec["quotas"] = {"producerByteRate": OUTSIDERS_BYTES_A_SECOND}
    return spec


def acls(user: str) -> list[dict[str, Any]]:
    """One rule for each topic and group, with everything that the user may do there."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for right in kafka_rights(RULES):
        if right.user == user:
            resource = (right.resource.lower(), right.name, PATTERNS[right.pattern])
            found.setdefault(resource, []).append(str(right.operation))
    return [
        {
            "resource": {"type": kind, "name": name, "patternType": pattern},
            "operations": sorted(operations),
        }
        for (kind, name, pattern), operations in found.items()
    ]


def of_cluster(kind: str, name: str, spec: dict[str, Any]) -> Document:
    made = document(API, kind, name, spec=spec)
    made["metadata"]["labels"]["strimzi.io/cluster"] = CLUSTER
    return made
