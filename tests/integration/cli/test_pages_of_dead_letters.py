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
from shared.operations.audit_trail import (
    OPERATIONS,
    SOURCE,
    Author,
    common,
    envelope_of,
    read_audit_trail,
)
from shared.operations.dead_letters import open_letters as counting
from shared.operations.dead_letters import topic
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.listing import as_they_stand
from shared.operations.dead_letters.open_letters import open_letters
from shared.operations.dead_letters.topic import briefs_at, briefs_since, page_of_briefs
from shared.settings import RuntimeSettings
from tests.builders.dead_letters import dead_letter
from tests.builders.records_read import records_read
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

    async def write_down(self, *events: DeadLetterReplayed) -> None:
        publisher = KafkaPublisher(self.settings)
        await publisher.start()
        try:
            await publisher.publish([envelope_of(it, SOURCE, n) for n, it in enumerate(events)])
        finally:
            await publisher.stop()

    async def act_on(self, letter: LetterId) -> DeadLetterReplayed:
        [found] = await briefs_at(self.settings, [letter])
        said = {"attempt": 1, "sent_partition": 0, "sent_offset": 10**9}
        return DeadLetterReplayed.model_validate(common(found, Author("operator")) | said)

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
    before = await as_they_stand(box.settings, [letter], await read_audit_trail(box.settings))
    await box.write_down(await box.act_on(newer))
    after = await as_they_stand(box.settings, [letter], await read_audit_trail(box.settings))

    assert box.mine(before.open) == [older]
    assert box.mine(after.letters) == [older]
    assert after.open == []
    assert after.settlement(letter).along_with == newer


async def test_letters_that_are_gone_are_passed_over(box: Box) -> None:
    there = await box.dies("there")

    found = await briefs_at(box.settings, [there, LetterId(0, 10**9), LetterId(99, 0)])

    assert [it.id for it in found] == [there]


async def test_what_is_open_is_counted_by_the_newest_letters_and_their_acts_alone(
    box: Box,
) -> None:
    for number in range(6 * A_PAGE):
        await box.dies(f"old{number}")
    handled, *still = [await box.dies(f"{it}") for it in range(A_PAGE)]
    await box.write_down(await box.act_on(handled))

    with records_read() as read:
        found = await open_letters(box.settings)

    assert box.mine([*found.letters]) == still
    assert found.at_least
    assert read[DEAD_LETTERS] <= 6 * A_PAGE


async def test_where_too_many_acts_have_followed_letters_before_them_are_not_counted_as_open(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The acts that were not read may have settled those letters."""
    monkeypatch.setattr(counting, "ACTS_READ", 2)
    monkeypatch.setattr(topic, "GIVEN_UP_BEFORE", timedelta(0))
    monkeypatch.setattr(counting, "GIVEN_UP_BEFORE", timedelta(0))
    first, *_ = [await box.dies(f"{it}") for it in range(A_PAGE)]
    acts = [await box.act_on(first) for _ in range(4)]
    await box.write_down(*acts)

    with records_read() as read:
        found = await open_letters(box.settings)

    assert (box.mine([*found.letters]), found.at_least) == ([], True)
    assert read[OPERATIONS] <= 2 * 6
