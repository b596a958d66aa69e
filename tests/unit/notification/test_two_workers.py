"""Two workers, one of which takes over what the other one still does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from shared.events.internal import MailAttempted, Outcome
from shared.kafka.records import Envelope
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.decider import Perform, Work
from shared.runtime.worker import Worker
from shared.telemetry.metrics import Metrics
from tests.builders.notification import NOW, Notifications, opened, types
from tests.fakes.memory_stage import Given

LEASE = timedelta(seconds=60)


class Reports:
    """Keeps everything that is published, in its order."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def publish(self, outgoing: Sequence[Envelope | DeadLetter]) -> None:
        self.envelopes += [it for it in outgoing if isinstance(it, Envelope)]

    async def number(self, count: int) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(30):
            while len(self.envelopes) < count:
                await asyncio.sleep(0)


async def nothing_is_undecided() -> None: ...


def attempting(error: str | None) -> Perform:
    async def perform(work: Work) -> Outcome:
        return MailAttempted(
            notification_id=work.ref.id, attempt=1, recipient_hash="0" * 32, error=error
        )

    return perform


async def reported_by_two(world: Notifications, *errors: str | None) -> list[Envelope]:
    """Each leases the same mail in the same version, the second when the first lease is over."""
    reports, workers = Reports(), list[Worker]()
    for number, error in enumerate(errors):
        at = NOW + number * (LEASE + timedelta(seconds=1))
        one = Worker(
            world.stage.service,
            world.stage.store,
            reports,
            Metrics(),
            lambda at=at: at,  # type: ignore[misc]
            lease=LEASE,
            reports_decided=nothing_is_undecided,
        )
        workers.append(one)
        await one.round(attempting(error))
        await reports.number(number + 1)
    for one in workers:
        await one.finish()
    return reports.envelopes


@pytest.mark.parametrize(
    ("errors", "decided"),
    [
        (("timeout", None), ["notification.retry", "notification.sent.v1"]),
        ((None, "timeout"), ["notification.sent.v1"]),
        ((None, None), ["notification.sent.v1"]),
        (("timeout", "timeout"), ["notification.retry"]),
    ],
    ids=str,
)
def test_a_mail_that_one_of_two_workers_has_sent_is_confirmed_once_and_not_sent_again(
    errors: tuple[str | None, ...], decided: list[str]
) -> None:
    world = Notifications(opened())
    happened = []
    for offset, it in enumerate(asyncio.run(reported_by_two(world, *errors)), start=100):
        record = Given(it.topic, offset, it.key.encode(), it.value, it.headers)
        happened += world.stage.process(record)
    assert types(happened) == decided
    assert world.last.is_due is (None not in errors)


async def test_machines_whose_clocks_differ_agree_when_a_lease_ends() -> None:
    """The first one's clock shows 40 s less; 25 s later the second one looks for what is due."""
    world, did = Notifications(opened()), list[str]()
    gate = asyncio.Event()

    def slowly(name: str) -> Perform:
        async def perform(work: Work) -> Outcome:
            did.append(name)
            await gate.wait()
            return await attempting(None)(work)

        return perform

    def at_work(at: datetime, behind: timedelta) -> Worker:
        return Worker(
            world.stage.service,
            world.stage.store,
            Reports(),
            Metrics(),
            lambda: at,
            behind=lambda: behind,
            lease=LEASE,
            reports_decided=nothing_is_undecided,
        )

    first = at_work(NOW, timedelta(seconds=40))
    second = at_work(NOW + timedelta(seconds=40 + 25), timedelta(0))
    await first.round(slowly("first"))
    await second.round(slowly("second"))
    for _ in range(20):
        await asyncio.sleep(0)
    gate.set()
    await first.finish()
    await second.finish()
    assert did == ["first"]
