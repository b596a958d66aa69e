"""A replay after the fix lets an aggregate's parked messages through."""

from __future__ import annotations

from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.operations.audit_trail import Author
from shared.operations.dead_letters.replay import ReplayOutcome, let_through, newest_by_message
from shared.operations.dead_letters.topic import briefs, letters
from shared.operations.parked import Parked, parked
from shared.operations.sender import replay_session
from shared.operations.service_client import ServiceClient
from shared.settings import RuntimeSettings
from tests.builders.internal_port import asking
from tests.integration.runtime import toy
from tests.integration.runtime.wire import (
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

TYPE = "submission.inquiry.v1"


async def replay(asked: ServiceClient, waiting: Parked, settings: RuntimeSettings) -> ReplayOutcome:
    newest = newest_by_message(await briefs(settings))
    async with replay_session(settings, Author("operator")) as session:
        return await let_through(asked, waiting, newest, session)


async def test_a_replay_lets_through_what_waits_in_order_and_stops_at_what_fails_again(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.operations.sender.DECIDED_WITHIN_S", 2.0)
    name = f"play{uuid4().hex[:8]}"
    customer = f"C-{name}"
    settings = settings_for(endpoints, name)
    service = toy.build()
    async with (
        outsider(endpoints) as client,
        running(service, settings) as runtime,
        asking(service, settings, runtime.database, runtime.store) as asked,
    ):
        answers = await client.watch("desk.rejections")
        dead = await client.watch("desk.dead-letters")
        for number in range(4):
            body = {"customer_id": customer, "text": "stumble" if number == 0 else "go on"}
            headers = event_headers(TYPE, f"{name}-{number}")
            await client.publish("desk.submissions", customer, body, headers)
        await collect(dead, 4, name)

        [waiting] = [aggregate for aggregate in await parked(asked) if aggregate.ref.id == customer]
        unfixed = await replay(asked, waiting, settings)
        monkeypatch.setattr(toy, "FIXED", ["yes"])
        fixed = await replay(asked, waiting, settings)
        decided = await collect(answers, 4, name)
        again = [aggregate for aggregate in await parked(asked) if aggregate.ref.id == customer]
        kept = [letter async for letter in letters(settings) if name in letter.message_id]

    assert len(waiting.waiting) == 4
    assert (unfixed.decided, unfixed.stopped_by is None) == (0, False)
    assert (fixed.decided, fixed.stopped_by) == (4, None)
    assert [headers_of(r)["ce_causationid"] for r in decided] == [f"{name}-{n}" for n in range(4)]
    assert again == []
    assert len(kept) >= 4
