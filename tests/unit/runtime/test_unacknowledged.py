"""An outage while a batch is published names what the client may still send."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.envelope import Ref
from shared.outage import Outage
from shared.runtime.stage.publish import Unacknowledged
from shared.runtime.stage.stage import LANE_LETTERS
from tests.fakes.memory_stage import Given, MemoryStage
from tests.integration.runtime import toy
from tests.integration.runtime.wire import event_headers

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CUSTOMERS = [f"C-{number}" for number in range(2 * LANE_LETTERS)]
"""More than one lane takes."""


def submission(offset: int, customer: str) -> Given:
    value = json.dumps({"customer_id": customer}).encode()
    headers = event_headers("submission.inquiry.v1", f"id-{customer}")
    return Given("desk.submissions", offset, customer.encode(), value, headers)


async def test_whatever_a_lane_has_stored_and_could_not_publish_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = MemoryStage(toy.build(), NOW)
    records = [submission(offset, it) for offset, it in enumerate(CUSTOMERS)]

    async def publish(_outgoing: Sequence[Any]) -> None:
        raise Outage("kafka", "no acknowledgement in time")

    monkeypatch.setattr(memory.published, "publish", publish)
    with pytest.raises(Unacknowledged, match="kafka: no acknowledgement in time") as raised:
        await memory.stage.process(records)

    assert raised.value.dependency == "kafka"
    assert raised.value.refs == {Ref("seen", customer) for customer in CUSTOMERS}


async def test_an_outage_before_anything_is_published_names_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = MemoryStage(toy.build(), NOW)

    async def write(*_args: Any) -> None:
        raise Outage("mongodb", "no answer")

    monkeypatch.setattr(memory.store, "write", write)
    with pytest.raises(Outage, match="mongodb") as raised:
        await memory.stage.process([submission(1, "C-1")])

    assert not isinstance(raised.value, Unacknowledged)
