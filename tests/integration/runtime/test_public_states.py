"""State events: whole, current on a repeat, once for old records; and what a service announces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.events.envelope import Event
from shared.events.inquiries import InquiryKind
from shared.events.policies import PolicyInForce
from shared.events.states import InquiryStated, InquiryStatus
from shared.events.submissions import SubmissionRejected
from shared.events.values import Bilingual, Language
from shared.runtime import public_states
from shared.runtime.decider import Decider, Service
from tests.integration.runtime import toy
from tests.integration.runtime.wire import (
    Outsider,
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

STATES, ANSWERS = "desk.inquiry-states", "desk.rejections"
SUBMISSION = "submission.inquiry.v1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Named(toy.Seen):
    """The toy's state, with whose it is."""

    customer: str


def evolve(state: toy.Seen | None, event: Event) -> Named:
    assert isinstance(event, SubmissionRejected)
    return Named(count=toy.evolve(state, event).count, customer=event.customer_id)


def stated(seen: toy.Seen, version: int) -> Event:
    """Builds the toy's public state: two messages in a row look the same from outside."""
    assert isinstance(seen, Named)
    return InquiryStated(
        inquiry_id=seen.customer,
        reference=f"seen-{(seen.count + 1) // 2}",
        customer_id=seen.customer,
        kind=InquiryKind.INQUIRY,
        status=InquiryStatus.OPEN,
        language=Language.ES,
        queue="toys",
        opened_at=NOW,
        answer_due_at=NOW,
        sequence=version,
        version=version,
    )


BEFORE = Service("inquiry_intake", (Decider("seen", Named, toy.decide, evolve),), toy.route)
STATING = replace(BEFORE, deciders=(replace(BEFORE.deciders[0], public_state=stated),))


async def submit(client: Outsider, customer: str, *ids: str) -> None:
    for ce_id in ids:
        await client.publish(
            "desk.submissions",
            customer,
            {"customer_id": customer},
            event_headers(SUBMISSION, ce_id),
        )


def versions(records: Sequence[Any]) -> list[int]:
    return [json.loads(record.value)["version"] for record in records]


async def test_a_change_publishes_the_whole_state_led_back_to_its_submission(
    endpoints: Endpoints,
) -> None:
    name = f"state-{uuid4()}"
    async with outsider(endpoints) as client:
        states = await client.watch(STATES)
        async with running(STATING, settings_for(endpoints, name)):
            await submit(client, name, f"{name}-1")
            [record] = await collect(states, 1, name)

    said = json.loads(record.value)
    assert record.key == name.encode()
    assert (said["reference"], said["sequence"], said["version"]) == ("seen-1", 1, 1)
    assert headers_of(record)["ce_correlationid"] == f"{name}-1"
    assert headers_of(record)["ce_source"] == "/services/inquiry_intake"


async def test_a_state_that_looks_the_same_is_not_published_again_and_a_repeat_says_the_current_one(
    endpoints: Endpoints,
) -> None:
    name = f"repeat-{uuid4()}"
    first, *others = (f"{name}-{number}" for number in range(1, 4))
    async with outsider(endpoints) as client:
        states, answers = await client.watch(STATES), await client.watch(ANSWERS)
        async with running(STATING, settings_for(endpoints, name)):
            for ce_id in (first, *others, first):
                await submit(client, name, ce_id)
                await collect(answers, 1, name)
            records = await collect(states, 3, name)

    assert versions(records) == [1, 3, 3]
    assert headers_of(records[1])["ce_id"] == headers_of(records[2])["ce_id"]
    assert records[1].value == records[2].value


async def test_on_upgrade_the_state_of_every_record_is_published_once_page_by_page(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"upgrade-{uuid4()}"
    monkeypatch.setattr(public_states, "PAGE", 1)
    settings = settings_for(endpoints, name)
    async with outsider(endpoints) as client:
        states, answers = await client.watch(STATES), await client.watch(ANSWERS)
        async with running(BEFORE, settings):
            for customer in (f"{name}-a", f"{name}-b", f"{name}-c"):
                await submit(client, customer, f"{customer}-1")
            await collect(answers, 3, name)
        stated: set[str] = set()
        async with running(STATING, settings) as runtime:
            while await runtime.states.next_page():
                pass
            # The runtime pages beside this test, so a state may come twice.
            while len(stated) < 3:
                [state] = await collect(states, 1, name)
                stated.add(headers_of(state)["ce_subject"][-1])
        async with running(STATING, settings) as runtime:
            assert not await runtime.states.next_page()

    assert stated == {"a", "b", "c"}


async def test_what_a_service_announces_is_published_at_start_and_when_it_changes(
    endpoints: Endpoints,
) -> None:
    name = f"policy-{uuid4()}"
    in_force = ["1"]

    def announced(_now: datetime) -> list[Event]:
        text = Bilingual(es="sí", en="yes")
        return [
            PolicyInForce(
                policy=name, version=in_force[-1], holds_from=NOW.date(), terms={}, summary=text
            )
        ]

    async with outsider(endpoints) as client:
        policies = await client.watch("desk.policies")
        # Only the cancellation service has the right to write this topic.
        service = replace(BEFORE, name="cancellation", announcements=announced)
        async with running(service, settings_for(endpoints, name)) as runtime:
            [first] = await collect(policies, 1, name)
            # What was read before its acknowledgement came goes out once more, and then no more.
            await runtime.announcements.publish_changed()
            assert await runtime.announcements.publish_changed() == 0
            in_force.append("2")
            assert await runtime.announcements.publish_changed() == 1
            [second] = await collect(policies, 1, name, of=changed)

    assert json.loads(first.value)["version"] == "1"
    assert headers_of(first)["ce_id"] != headers_of(second)["ce_id"]


def changed(record: Any) -> bool:
    return bool(json.loads(record.value)["version"] == "2")
