"""A toy desk at work with messages that wait behind a defect, and the commands' insides on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.events.envelope import Ref
from shared.mongo.client import Database
from shared.operations.audit_trail import AuditTrail, Author, read_audit_trail
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.replay import ReplayOutcome, let_through, newest_by_message
from shared.operations.dead_letters.topic import briefs
from shared.operations.parked import Parked, parked
from shared.operations.sender import Pace, ReplaySession, replay_session
from shared.operations.service_client import ServiceClient
from shared.runtime.aggregates.store import Store
from shared.runtime.decider import Service
from shared.settings import RuntimeSettings
from tests.builders.internal_port import asking
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

TYPE = "submission.inquiry.v1"
OPERATOR = Author("operator", "a test")


def body(customer: str, text: str) -> dict[str, Any]:
    return {
        "customer_id": customer,
        "channel": "web",
        "received_at": "2026-03-02T09:00:00Z",
        "request_type": "contracts",
        "subject": "Prueba",
        "text": text,
    }


@dataclass
class Play:
    """One test's desk: its customer, its records, and what it answers and gives up."""

    name: str
    customer: str
    service: Service
    settings: RuntimeSettings
    asked: ServiceClient
    database: Database
    store: Store
    client: Outsider
    answers: Any
    dead: Any

    async def publish(self, *texts: str) -> None:
        for number, text in enumerate(texts):
            headers = event_headers(TYPE, f"{self.name}-{number}")
            await self.client.publish(
                "desk.submissions", self.customer, body(self.customer, text), headers
            )

    async def given_up(self, count: int) -> None:
        await collect(self.dead, count, self.name)

    async def answered(self, count: int) -> list[str]:
        """The ids of the messages that the next `count` answers are for."""
        found = await collect(self.answers, count, self.name)
        return [headers_of(record)["ce_causationid"] for record in found]

    async def waiting(self) -> Parked | None:
        mine = [
            aggregate for aggregate in await parked(self.asked) if aggregate.ref.id == self.customer
        ]
        return mine[0] if mine else None

    async def decided(self) -> int:
        """How many messages the customer's aggregate has decided."""
        ref = Ref("seen", self.customer)
        state = (await self.store.read([ref]))[ref].state
        return 0 if state is None else int(state.count)

    async def letters(self) -> list[Letter]:
        return [brief for brief in await briefs(self.settings) if self.name in brief.message_id]

    async def open(self) -> list[Letter]:
        return (await self.trail()).open(await self.letters())

    async def trail(self) -> AuditTrail:
        return await read_audit_trail(self.settings)

    @asynccontextmanager
    async def post(self, *, force: bool = False) -> AsyncIterator[ReplaySession]:
        async with replay_session(
            self.settings, OPERATOR, pace=Pace(1_000), force=force
        ) as session:
            yield session

    async def replay(self, *, force: bool = False) -> ReplayOutcome:
        """Replay all that waits for the customer."""
        waiting = await self.waiting()
        assert waiting is not None
        async with self.post(force=force) as session:
            newest = newest_by_message(await briefs(self.settings))
            return await let_through(self.asked, waiting, newest, session)


@asynccontextmanager
async def playing(endpoints: Endpoints, service: Service | None = None) -> AsyncIterator[Play]:
    name = f"play{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name)
    service = service or toy.build()
    async with AsyncExitStack() as until_played:
        client = await until_played.enter_async_context(outsider(endpoints))
        runtime = await until_played.enter_async_context(running(service, settings))
        answers = asking(service, settings, runtime.database, runtime.store)
        yield Play(
            name=name,
            customer=f"C-{name}",
            service=service,
            settings=settings,
            asked=await until_played.enter_async_context(answers),
            database=runtime.database,
            store=runtime.store,
            client=client,
            answers=await client.watch("desk.rejections"),
            dead=await client.watch("desk.dead-letters"),
        )


def ids(play: Play, numbers: Sequence[int]) -> list[str]:
    return [f"{play.name}-{number}" for number in numbers]


def deploy_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toy, "FIXED", ["yes"])
