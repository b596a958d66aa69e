"""Publishing what a person wrote, once the broker is known to have the topic."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from aiokafka.admin import AIOKafkaAdminClient

from desk.ops.errors import FAILED, DeskError
from desk.ops.outgoing import Outgoing
from shared.events.topics import TOPIC_OF
from shared.kafka.client_options import client_options
from shared.kafka.publisher import KafkaPublisher
from shared.runtime.faults import kafka_errors_as_outage
from shared.settings import RuntimeSettings


async def require_topics(settings: RuntimeSettings, names: Collection[str]) -> None:
    """Raises `DeskError` for a missing topic: asking a broker for it might create it wrongly.

    Raises `Outage` if the broker does not answer.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    with kafka_errors_as_outage():
        try:
            await admin.start()
            present = set(await admin.list_topics())
        finally:
            await admin.close()
    missing = sorted(set(names) - present)
    if missing:
        raise DeskError(
            f"the broker at {settings.kafka_bootstrap_servers} has no topic"
            f" {', '.join(missing)}.\nThe services create the topics when they start: run"
            " `desk up`, or see `desk doctor`.",
            code=FAILED,
        )


async def send(settings: RuntimeSettings, outgoing: Sequence[Outgoing]) -> None:
    """Publish all, in order; acknowledged when this returns. Raises `DeskError` or `Outage`."""
    await require_topics(settings, {TOPIC_OF[one.ce_type].name for one in outgoing})
    publisher = KafkaPublisher(settings)
    at = datetime.now(UTC)
    try:
        await publisher.start()
        await publisher.publish([one.record(at) for one in outgoing])
    finally:
        await publisher.stop()
