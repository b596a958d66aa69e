"""The tests' own Kafka clients: made here alone, with the security that the environment asks for.

A run with `--infra secure` has its user, password and CA in the environment, as an operator has.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka.client_options import client_options, consumer_options
from shared.settings import RuntimeSettings
from tests.apache_kafka.security import PLAIN
from tests.builders.users import environment_of

KCAT_OPTIONS = {
    "security.protocol": "kafka_security_protocol",
    "sasl.username": "kafka_username",
    "ssl.ca.location": "kafka_ca_file",
}
"""By librdkafka's name: the setting that says the same."""


def settings_at(bootstrap: str, user: str | None = None) -> RuntimeSettings:
    """As the environment's user, or as another one of the desk's."""
    own = {} if user is None else environment_of(user)
    values: dict[str, Any] = {name.lower(): value for name, value in own.items()}
    return RuntimeSettings(**values, kafka_bootstrap_servers=bootstrap)


def producer(bootstrap: str, **options: Any) -> AIOKafkaProducer:
    return AIOKafkaProducer(**client_options(settings_at(bootstrap)), **options)


def consumer(bootstrap: str, *topics: str, **options: Any) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(*topics, **consumer_options(settings_at(bootstrap)), **options)


@asynccontextmanager
async def admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Started, and closed when left."""
    found = AIOKafkaAdminClient(**client_options(settings_at(bootstrap)))
    await found.start()
    try:
        yield found
    finally:
        await found.close()


def kcat(bootstrap: str, *arguments: str, user: str | None = None) -> list[str]:
    """kcat's command line: the broker, and how it is let in.

    Debian's is built on a librdkafka whose SCRAM Kafka refuses since 3.8.1 (librdkafka pull 4895).
    """
    settings = settings_at(bootstrap, user)
    options = {name: getattr(settings, setting) for name, setting in KCAT_OPTIONS.items()}
    options["sasl.mechanism"] = PLAIN
    options["sasl.password"] = settings.kafka_password.get_secret_value()
    if not settings.kafka_security_protocol.startswith("SASL"):
        options = {"security.protocol": settings.kafka_security_protocol}
    security = [part for name, value in options.items() for part in ("-X", f"{name}={value}")]
    return ["kcat", "-b", bootstrap, *security, *arguments]
