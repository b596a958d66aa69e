"""Dead letters that are gone, or that no client can decode, keep nobody from the others.

On servers of their own: what is written and removed here, every other test would find.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.errors import GroupCoordinatorNotAvailableError

from desk.local.stack import Stack
from shared.events.topics import DEAD_LETTERS
from shared.kafka import broker
from shared.kafka.broker import Broker, GroupBacklog, broker_at
from shared.kafka.topic_creation import create_missing_topics
from shared.kafka.topic_records import records_in, spans_of
from shared.operations.dead_letters.letter import LetterId
from shared.operations.dead_letters.open_letters import open_letters
from shared.operations.dead_letters.topic import briefs_at, dead_letter_topic, page_of_briefs
from shared.settings import RuntimeSettings
from tests.builders import clients
from tests.builders.dead_letters import dead_letter
from tests.integration.runtime.wire import Outsider, outsider, settings_for

NOT_UTF_8 = b"\xff\xfe=1"


@dataclass
class Letters:
    """The topic of dead letters of one broker, on its first partition."""

    bootstrap: str
    settings: RuntimeSettings
    client: Outsider

    async def die(self, *messages: str) -> list[LetterId]:
        written = [dead_letter(LetterId(0, 0), message=it) for it in messages]
        sent = [
            await self.client.publish(DEAD_LETTERS, "K-1", it.value, list(it.headers), 0)
            for it in written
        ]
        return [LetterId(it.partition, it.offset) for it in sent]

    async def remove(self, before: int) -> None:
        """As retention does."""
        first = RecordsToDelete(before_offset=before)
        async with clients.admin(self.bootstrap) as admin:
            await admin.delete_records({TopicPartition(DEAD_LETTERS, 0): first})

    async def die_undecodable(self) -> None:
        """aiokafka can neither write nor read such a header name, kcat can."""
        command = clients.kcat(self.bootstrap, "-P", "-t", DEAD_LETTERS)
        options: list[str | bytes] = ["-k", "K-1", "-p", "0", "-H", NOT_UTF_8]
        await asyncio.to_thread(
            subprocess.run, [*command, *options], input=b"{}", check=True, timeout=30
        )


@pytest.fixture
async def topic(own_stack: Stack) -> AsyncIterator[Letters]:
    settings = settings_for(own_stack.endpoints, "hostile")
    await create_missing_topics(settings)
    async with outsider(own_stack.endpoints) as client:
        yield Letters(own_stack.endpoints.kafka_bootstrap_servers, settings, client)


async def test_what_retention_takes_while_a_page_is_read_takes_nothing_else_along(
    topic: Letters,
) -> None:
    ids = await topic.die(*"abcdef")
    spans = await spans_of(topic.settings, DEAD_LETTERS)

    await topic.remove(before=3)
    read = [it.offset async for it in records_in(topic.settings, DEAD_LETTERS, spans)]
    page = await page_of_briefs(topic.settings, {0: 5})
    gone = await page_of_briefs(topic.settings, {0: 2})

    assert read == [3, 4, 5]
    assert [it.id for it in page.letters] == ids[3:5]
    assert (gone.letters, page.older, gone.older) == ([], {}, {})
    assert [it.id for it in await briefs_at(topic.settings, ids)] == ids[3:]


async def test_what_retention_takes_while_a_backlog_is_counted_does_not_hide_the_rest(
    topic: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes over a lease would take the rest for read, and a mail would go out again."""
    first_readable = broker._first_readable

    async def after_retention(*asked: Any) -> Any:
        await topic.remove(before=3)
        return await first_readable(*asked)

    monkeypatch.setattr(broker, "_first_readable", after_retention)
    await topic.die(*"abcdef")
    async with broker_at(topic.settings) as asked:
        found = await backlogs(asked)

    assert isinstance(found[DEAD_LETTERS], GroupBacklog)
    assert found[DEAD_LETTERS].records == 3


async def test_a_letter_that_says_it_is_older_than_1970_is_counted_with_the_others(
    topic: Letters,
) -> None:
    await topic.die("a")
    stranger = dead_letter(LetterId(0, 0), message="b")
    headers = [(name, it) for name, it in stranger.headers if name != "dl_at"]
    headers.append(("dl_at", b"1960-01-01T00:00:00+00:00"))
    await topic.client.publish(DEAD_LETTERS, "K-1", stranger.value, headers, 0)

    found = await open_letters(topic.settings)

    assert (len(found.letters), found.handled, found.at_least) == (2, 0, False)


async def backlogs(asked: Broker) -> Mapping[str, GroupBacklog]:
    """A new Apache Kafka makes the topic of groups' offsets when the first group is asked for."""
    while True:
        try:
            return await asked.backlogs("nobody", [DEAD_LETTERS])
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(0.2)


@pytest.mark.skipif(not shutil.which("kcat"), reason="kcat is missing: apt-get install kcat")
async def test_a_letter_that_cannot_be_decoded_keeps_nobody_from_those_around_it(
    topic: Letters,
) -> None:
    before = await topic.die("a", "b")
    async with dead_letter_topic(topic.settings) as opened:
        await topic.die_undecodable()
        after = await topic.die("c", "d")
        fetched = [await opened.fetch(it) for it in (*before, *after)]
        broken = await opened.fetch(LetterId(0, 2))
        [newest] = await briefs_at(topic.settings, after[-1:])
        again = await opened.given_up_again(newest.service, newest.origin)

    assert [it.message_id for it in fetched] == ["/test a", "/test b", "/test c", "/test d"]
    assert (broken.message_id, broken.value) == ("", None)
    assert again is not None
    assert again.id == after[-1]
