"""A producer that the broker refuses for good ends the process; a new one takes up the work."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from desk.local.child import Child
from desk.local.stack import Endpoints
from desk.local.watched import Watched
from shared.kafka.errors import ProducerDead
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.topic_creation import create_missing_topics
from shared.runtime.codec import Envelope
from tests.integration.runtime.wire import (
    Outsider,
    collect,
    event_headers,
    headers_of,
    outsider,
    settings_for,
)
from tests.integration.runtime.wrong_sequence import ORDER

WITHIN_S = 60.0


async def faulty_submission(client: Outsider, customer: str, name: str) -> None:
    """It is answered with a rejection, under the customer's key."""
    headers = event_headers("submission.inquiry.v1", name)
    await client.publish("desk.submissions", customer, {"customer_id": customer}, headers)


def caused_by(name: str) -> Callable[[Any], bool]:
    return lambda record: headers_of(record)["ce_causationid"] == name


async def test_the_last_line_says_so_and_the_supervisor_starts_a_new_process(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    name, order = f"C-dead{uuid4().hex[:8]}", tmp_path / "miscount"
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": endpoints.kafka_bootstrap_servers,
        "MONGO_URL": endpoints.mongo_url,
        "KAFKA_GROUP_PREFIX": name,
        "KAFKA_GROUP_INSTANCE_ID": name,
        "MONGO_DATABASE_PREFIX": name,
        "LOG_FORMAT": "json",
        "DEVELOPMENT_DEFAULTS": "true",
        "ACCEPT_OLDER_DATABASE": "true",
        ORDER: str(order),
    }
    child = Child(
        "intake",
        [sys.executable, "-m", "tests.integration.runtime.wrong_sequence"],
        log_file=tmp_path / "intake.log",
        env=os.environ | environment,
    )
    said: list[str] = []
    last_lines: list[dict[str, Any]] = []

    async def start_again() -> None:
        last_lines.append(json.loads(child.log_file.read_text().splitlines()[-1]))
        child.start()

    await create_missing_topics(settings_for(endpoints, name))
    async with outsider(endpoints) as client:
        answers = await client.watch("desk.rejections")
        child.start()
        watching = asyncio.create_task(Watched(child, start_again).keep_alive(said.append))
        try:
            await faulty_submission(client, name, "before")
            await collect(answers, 1, name, of=caused_by("before"), within=WITHIN_S)
            order.touch()
            await faulty_submission(client, name, "refused")
            # The offset of the first may not be committed yet: then its answer comes once more.
            await collect(answers, 1, name, of=caused_by("refused"), within=WITHIN_S)
        finally:
            watching.cancel()
            await child.stop()

    assert said == ["intake ended with exit code 70; starting it again in 0.2 s"]
    assert [(line["level"], line["event"], line["why"]) for line in last_lines] == [
        (
            "critical",
            "the producer is dead; start this service again",
            "OutOfOrderSequenceNumber",
        )
    ]


async def test_a_client_that_has_stopped_sending_is_no_outage(endpoints: Endpoints) -> None:
    """The client's sending task ends on an error it does not expect, and never starts again."""
    publisher = KafkaPublisher(settings_for(endpoints, "stopped"))
    await publisher.start()
    publisher._producer._message_accumulator.drain_by_nodes = _unexpected
    try:
        with pytest.raises(ProducerDead):
            await publisher.publish([_answer()])
    finally:
        await publisher.stop()


def _unexpected(**_arguments: Any) -> None:
    raise ZeroDivisionError


def _answer() -> Envelope:
    data = {"submission_id": "s-1", "customer_id": "C-1", "errors": []}
    return Envelope(
        "desk.rejections", "C-1", "submission.rejected.v1", [], json.dumps(data).encode()
    )
