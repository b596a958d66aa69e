"""The options of every Kafka client: where it connects, with what security, and what it may read.

Every consumer, producer, admin client and bare connection of the desk is made with one of these
functions, so no setting reaches some of them and not the others.
"""

from __future__ import annotations

import ssl
from typing import Any, Final

from shared.kafka.aiokafka_workarounds import survive_closed_connections
from shared.kafka.decompression import bound_decompression
from shared.settings import RuntimeSettings

READ_COMMITTED: Final = "read_committed"


def security_options(settings: RuntimeSettings) -> dict[str, Any]:
    """TLS and credentials of a connection, which may be closed under its client's feet."""
    survive_closed_connections()
    options: dict[str, Any] = {"security_protocol": settings.kafka_security_protocol}
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca_file)
    if settings.kafka_security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


def client_options(settings: RuntimeSettings) -> dict[str, Any]:
    """Addresses, TLS and credentials of a producer or an admin client."""
    servers = settings.kafka_bootstrap_servers.split(",")
    return {"bootstrap_servers": servers, **security_options(settings)}


def consumer_options(settings: RuntimeSettings) -> dict[str, Any]:
    """The same of a consumer: it sees no record of a transaction rolled back, and what it
    decompresses is bounded.
    """
    bound_decompression()
    return client_options(settings) | {"isolation_level": READ_COMMITTED}
