"""A publisher that starts once the broker is there."""

from __future__ import annotations

from typing import Any, cast

import pytest

from shared.kafka.clock_skew import ClockSkew
from shared.kafka.errors import ProducerDead
from shared.outage import Outage
from shared.runtime import patient_publisher
from shared.runtime.patient_publisher import PatientPublisher
from shared.runtime.stage.batch import utc_now
from shared.settings import RuntimeSettings


class Broker:
    """Stands for the publisher that the portal makes once the broker answers."""

    def __init__(self, *_settings: object) -> None:
        self.there, self.stopped = True, False
        self.dead = False
        self.published: list[object] = []

    async def start(self) -> None:
        if not self.there:
            raise Outage("kafka", "away")

    async def publish(self, outgoing: list[object]) -> None:
        if self.dead:
            raise ProducerDead("fenced")
        self.published += outgoing

    async def stop(self) -> None:
        self.stopped = True


def publisher(monkeypatch: pytest.MonkeyPatch, broker: Broker) -> PatientPublisher:
    monkeypatch.setattr(patient_publisher, "KafkaPublisher", lambda *_: broker)
    return PatientPublisher(RuntimeSettings(), ClockSkew(utc_now))


async def test_what_is_sent_before_the_broker_has_answered_has_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker()
    patient = publisher(monkeypatch, broker)

    with pytest.raises(Outage, match="kafka"):
        await patient.publish([])
    await patient.stop()
    assert not broker.stopped, "nothing was started"

    await patient.start()
    await patient.publish([cast(Any, "event")])
    await patient.stop()
    assert (broker.published, broker.stopped) == (["event"], True)


async def test_a_broker_that_does_not_answer_leaves_no_publisher_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker()
    broker.there = False
    patient = publisher(monkeypatch, broker)

    with pytest.raises(Outage):
        await patient.start()

    assert broker.stopped
    with pytest.raises(Outage):
        await patient.publish([])


async def test_a_publisher_that_is_dead_for_good_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, ended = Broker(), list[ProducerDead]()
    patient = publisher(monkeypatch, broker)
    monkeypatch.setattr(patient_publisher, "end_with_producer", ended.append)
    await patient.start()
    broker.dead = True

    await patient.publish([])

    assert len(ended) == 1
