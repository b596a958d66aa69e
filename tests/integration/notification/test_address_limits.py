"""Mails to one address are counted together by all processes, in the real database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

from desk.local.stack import Endpoints
from services.notification.address_limits import AddressLimits
from services.notification.mail.state import Notification
from shared.mongo.client import Database, connect
from tests.builders.notification import Notifications, opened


def due(number: int) -> Notification:
    return Notifications(opened()).last.model_copy(update={"notification_id": f"n-{number}"})


async def test_processes_that_count_at_once_allow_as_many_mails_as_the_limit(
    endpoints: Endpoints,
) -> None:
    client = connect(endpoints.mongo_url)
    database = Database(client, f"limits{uuid4().hex[:8]}")
    processes = [AddressLimits(database, per_hour=5, per_day=8) for _ in range(2)]
    mails = [due(number) for number in range(20)]
    later = [
        mail.model_copy(update={"due_at": mail.due_at + timedelta(hours=1)}) for mail in mails[:6]
    ]
    async with asyncio.timeout(30):
        await processes[0].prepare()
        at_once = await asyncio.gather(
            *(processes[n % 2].allow("hash", mail) for n, mail in enumerate(mails))
        )
        again = [await processes[0].allow("hash", mail) for mail in mails]
        within_the_day = [await processes[1].allow("hash", mail) for mail in later]
        other = await processes[0].allow("other", mails[0])
    client.close()

    assert sum(at_once) == 5
    assert again == at_once
    assert sum(within_the_day) == 3
    assert other


async def test_what_a_process_remembers_is_no_reason_to_allow_more_than_the_limit(
    endpoints: Endpoints,
) -> None:
    """Two processes in turn: each has last seen fewer mails than there are."""
    client = connect(endpoints.mongo_url)
    database = Database(client, f"limits{uuid4().hex[:8]}")
    processes = [AddressLimits(database, per_hour=5, per_day=8) for _ in range(2)]
    async with asyncio.timeout(30):
        in_turn = [await processes[n % 2].allow("hash", due(n)) for n in range(12)]
        together = await asyncio.gather(
            *(processes[n % 2].allow(f"h{n % 7}", due(n)) for n in range(60))
        )
    client.close()

    assert in_turn == [True] * 5 + [False] * 7
    assert sum(together) == 35
