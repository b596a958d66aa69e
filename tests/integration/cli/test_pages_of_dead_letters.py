"""One look reads a part of `desk.dead-letters`, and the next one goes on where it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from desk.local.stack import Endpoints
from shared.events.operations import DeadLetterReplayed
from shared.events.topics import DEAD_LETTERS
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.topic_creation import create_missing_topics
from shared.operations.audit_trail import SOURCE, Author, common, envelope_of
from shared.operations.dead_letters import topic
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.listing import as_they_stand
from shared.operations.dead_letters.topic import briefs_at, briefs_since, page_of_briefs
from shared.settings import RuntimeSettings
from tests.builders.dead_letters import dead_letter
from tests.integration.runtime.wire import Outsider, outsider, settings_for

A_PAGE = 3


@dataclass
class Box:
    """The topic with letters of one test."""

    name: str
    settings: RuntimeSettings
    client: Outsider

    async def dies(self, message: str, partition: int = 0) -> LetterId:
        letter = dead_letter(LetterId(0, 0), message=f"{self.name}-{message}")
        sent = await self.client.publish(
            DEAD_LETTERS, "C-1001", letter.value, list(letter.headers), partition
        )
        return LetterId(sent.partition, sent.offset)

    async def write_down(self, event: DeadLetterReplayed) -> None:
        publisher = KafkaPublisher(self.settings)
        await publisher.start()
        try:
            await publisher.publish([envelope_of(event, SOURCE, 1)])
        finally:
            await publisher.stop()

    def mine(self, letters: list[Letter]) -> list[LetterId]:
        return [it.id for it in letters if self.name in it.message_id]


@pytest.fixture
async def box(endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    monkeypatch.setattr(topic, "LETTERS_A_PAGE", A_PAGE)
    name = f"page{uuid4().hex[:8]}"
    settings = settings_for(endpoints, name)
    await create_missing_topics(settings)
    async with outsider(endpoints) as client:
        yield Box(name, settings, client)


async def test_each_letter_is_on_one_page_and_a_page_reads_no_more_than_its_part(box: Box) -> None:
    sent = [await box.dies(f"{it}") for it in range(2 * A_PAGE + 1)]
    elsewhere = [await box.dies(f"b{it}", 1) for it in range(2)]

    page = await page_of_briefs(box.settings, {})
    pages = [box.mine(page.letters)]
    while page.older and len(pages) < 3:
        page = await page_of_briefs(box.settings, page.older)
        pages.append(box.mine(page.letters))

    assert [{*it} for it in pages] == [
        {*sent[-A_PAGE:], *elsewhere},
        {*sent[1 : A_PAGE + 1]},
        {sent[0]},
    ]


async def test_the_last_page_says_that_nothing_is_older(box: Box) -> None:
    first = dict.fromkeys(range(6), 1)

    assert (await page_of_briefs(box.settings, first)).older == {}


async def test_a_page_that_holds_a_letter_reaches_back_to_it(box: Box) -> None:
    first, *_ = [await box.dies(f"{it}") for it in range(2 * A_PAGE)]

    newest = await page_of_briefs(box.settings, {})
    holding = await page_of_briefs(box.settings, {}, holding=first)

    assert first not in box.mine(newest.letters)
    assert first in box.mine(holding.letters)


async def test_a_line_is_found_from_when_its_record_was_parked(box: Box) -> None:
    parked_at = datetime.now(UTC) + topic.GIVEN_UP_BEFORE
    line = [await box.dies(f"{it}") for it in range(2 * A_PAGE)]

    assert box.mine(await briefs_since(box.settings, parked_at)) == line[:A_PAGE]
    later = parked_at + timedelta(minutes=5)
    assert box.mine(await briefs_since(box.settings, later)) == []


async def test_an_older_letter_is_settled_by_one_of_a_newer_page(box: Box) -> None:
    older = await box.dies("same")
    newer = await box.dies("same")
    [letter] = await briefs_at(box.settings, [older])
    [again] = await briefs_at(box.settings, [newer])
    before = await as_they_stand(box.settings, [letter])
    said = {"attempt": 1, "sent_partition": 0, "sent_offset": 10**9}
    event = DeadLetterReplayed.model_validate(common(again, Author("operator")) | said)
    await box.write_down(event)
    after = await as_they_stand(box.settings, [letter])

    assert box.mine(before.open) == [older]
    assert box.mine(after.letters) == [older]
    assert after.open == []
    assert after.settlement(letter).along_with == newer


async def test_letters_that_are_gone_are_passed_over(box: Box) -> None:
    there = await box.dies("there")

    found = await briefs_at(box.settings, [there, LetterId(0, 10**9), LetterId(99, 0)])

    assert [it.id for it in found] == [there]
