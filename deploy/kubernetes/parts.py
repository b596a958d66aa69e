"""Names, labels, ports and settings that all parts of the Kubernetes manifests share."""

from __future__ import annotations

import importlib
from typing import Any, TypeAlias

from pydantic import SecretStr

from desk.local.supervisor import KNOWN_TO, PORTAL_CREDENTIAL
from shared.events.topics import ARCHIVE, CONSOLE, PORTAL, SERVICES
from shared.settings import DEVELOPMENT_DEFAULT, RuntimeSettings

Document: TypeAlias = dict[str, Any]

NAMES = (*SERVICES, PORTAL, CONSOLE)
PART_OF = "contract-desk"
CLUSTER = "desk"
"""The name of Strimzi's Kafka cluster."""
HEALTH, INTERNAL, DOCUMENTS = 8080, 8090, 8081
PAGES = {PORTAL: 8088, CONSOLE: 8089}
SECRETS_FOLDER = "/run/secrets/desk"
GRACEFUL_SECONDS = 15

SETTINGS: dict[str, type[RuntimeSettings]] = {
    name: importlib.import_module(f"services.{name}.settings").Settings for name in NAMES
}
RULES = RuntimeSettings.model_construct(create_topics=False, topic_replication=3)
"""Settings for topics and rights: Strimzi creates the topics, each on three brokers. The
environment of whoever writes the manifests has no say in it.
"""


def dashed(name: str) -> str:
    """A name as Kubernetes takes it, which allows no underscore."""
    return name.replace("_", "-")


def labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": dashed(name), "app.kubernetes.io/part-of": PART_OF}


def document(api: str, kind: str, name: str, **rest: Any) -> Document:
    metadata = {"name": name, "labels": {"app.kubernetes.io/part-of": PART_OF}}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def of_service(api: str, kind: str, name: str, **rest: Any) -> Document:
    """A document about one service, called and labelled like it."""
    made = document(api, kind, dashed(name), **rest)
    made["metadata"]["labels"] = labels(name)
    return made


def secrets_of(name: str) -> list[str]:
    """The settings of a service that only a Secret may hold."""
    marked = [
        field
        for field, info in SETTINGS[name].model_fields.items()
        if DEVELOPMENT_DEFAULT in info.metadata and isinstance(info.default, SecretStr)
    ]
    portals = [PORTAL_CREDENTIAL.lower()] if name in KNOWN_TO[PORTAL_CREDENTIAL] else []
    return ["mongo_url", *marked, *portals]


def asked_by(name: str) -> list[str]:
    """The services on whose internal ports a service asks: those whose address is a setting."""
    return [it for it in SERVICES if f"{it}_url" in SETTINGS[name].model_fields]


def sends_mail(name: str) -> bool:
    return "smtp_url" in SETTINGS[name].model_fields


def speaks_https(name: str) -> bool:
    """Whether it asks a sign-in provider or, as the portal does, tells partners' webhooks."""
    return "oidc_issuer" in SETTINGS[name].model_fields


def ports_of(name: str) -> dict[str, int]:
    """The ports that a service listens on, by name."""
    found = {"health": HEALTH}
    if name in SERVICES:
        found["internal"] = INTERNAL
    if name == ARCHIVE:
        found["documents"] = DOCUMENTS
    if name in PAGES:
        found["pages"] = PAGES[name]
    return found
