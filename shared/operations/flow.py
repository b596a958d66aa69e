"""The flow through the topics: what is written, and how far each service is behind, in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.events.topics import CATALOGUE, SERVICES, topics_read_by
from shared.kafka.broker import Broker, GroupBacklog, broker_at
from shared.kafka.errors import kafka_errors_as_outage
from shared.settings import RuntimeSettings

RATE_OVER = timedelta(minutes=1)
OLDEST_WITHIN_S = 1.0
"""For each service: what is watched comes every second, and not where one partition is silent."""


@dataclass(frozen=True, slots=True)
class TopicFlow:
    """How many records a topic holds, and how many come per second, of the last minute."""

    topic: str
    records: int
    per_second: float


@dataclass(frozen=True, slots=True)
class ServiceLag:
    """How far a service is behind on a topic.

    `oldest` is the timestamp of the first record that it has not decided, and `seconds` its age;
    both are None where nothing waits, or where the record could not be read in time.
    """

    service: str
    topic: str
    records: int
    oldest: datetime | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Flow:
    """All topics that exist, and each service on each topic that it reads."""

    at: datetime
    topics: Sequence[TopicFlow]
    lags: Sequence[ServiceLag]

    def of(self, service: str) -> tuple[int, float]:
        """The service's lag on all its topics together: records, and seconds at most."""
        own = [lag for lag in self.lags if lag.service == service]
        return sum(lag.records for lag in own), max((lag.seconds or 0.0 for lag in own), default=0)


async def read_flow(settings: RuntimeSettings) -> Flow:
    """The flow as it is now. Raises `Outage`."""
    with kafka_errors_as_outage():
        async with broker_at(settings) as broker:
            return await flow_at(broker, settings)


async def flow_at(broker: Broker, settings: RuntimeSettings) -> Flow:
    """The same over a connection that is kept. Raises KafkaError."""
    present = await broker.topics()
    names = [topic.name for topic in CATALOGUE if topic.name in present]
    now = datetime.now(UTC)
    written = await broker.written(names, now - RATE_OVER)
    topics = [
        TopicFlow(name, written[name][0], written[name][1] / RATE_OVER.total_seconds())
        for name in names
    ]
    lags: list[ServiceLag] = []
    for service in SERVICES:
        read = [name for name in topics_read_by(service) if name in present]
        group = settings.group_of(service)
        behind = await broker.backlogs(group, read, within_s=OLDEST_WITHIN_S)
        lags += [lag_on(service, name, behind.get(name, GroupBacklog(0)), now) for name in read]
    return Flow(now, topics, lags)


def lag_on(service: str, topic: str, backlog: GroupBacklog, now: datetime) -> ServiceLag:
    """The lag that a backlog is at `now`; a sender's clock may be ahead of ours."""
    age = None if backlog.oldest is None else max(0.0, (now - backlog.oldest).total_seconds())
    return ServiceLag(service, topic, backlog.records, backlog.oldest, age)
