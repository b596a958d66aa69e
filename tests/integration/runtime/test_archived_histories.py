"""A process that dies between the archive and the document: each entry is in one of them, once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from desk.local.stack import Endpoints
from services.inquiry_intake import service as intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from shared.mongo import writes
from shared.outage import Outage
from shared.runtime.aggregates import archive, store
from shared.runtime.verification import audit
from tests.integration.runtime.bounded import Business, Desk, Sent, desk_of
from tests.integration.runtime.test_tombstones import EMAIL, kept, profile, tombstone

DEATHS = 0.25
MESSAGES = 30


async def dies_before_it_writes(
    desk: Desk, *records: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest entries are in the archive then, and in the document still."""

    async def write_all(*_: Any) -> int:
        raise Outage("mongodb", "the process died")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_all", write_all)
        with pytest.raises(Outage):
            await desk.process(*records, commit=False)
    desk.restart()


async def test_an_entry_that_was_copied_before_a_death_leaves_its_document_once(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its message comes again meanwhile, which finds it in the archive."""
    async with desk_of(endpoints.mongo_url, Business().service(), history_bound=2) as desk:
        sent = {text: desk.toy("A", text, text) for text in "12345"}
        for text in "123":
            await desk.process(sent[text])
        await dies_before_it_writes(desk, sent["4"], monkeypatch=monkeypatch)
        await desk.process(sent["2"], sent["4"], sent["5"])
        history = await desk.store.history("kept", "A")
        document = await desk.document("A")
    assert [entry["message_id"].rsplit("/", 1)[-1] for entry in history] == [
        f"test {text}" for text in "12345"
    ]
    assert (document["archived"], len(document["history"])) == (3, 2)


async def test_a_forgotten_customer_is_not_in_what_was_copied_before_a_death(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = intake.build(IntakeSettings())
    async with desk_of(endpoints.mongo_url, service, history_bound=2) as desk:
        await desk.process(profile(desk), profile(desk))
        later = [profile(desk), profile(desk)]
        await dies_before_it_writes(desk, *later, monkeypatch=monkeypatch)
        copied = await desk.database.collection("customer_history").count_documents({})
        await desk.process(tombstone(desk))
        _, left = await kept(desk)
    assert (copied, EMAIL in left) == (2, False)


@pytest.mark.parametrize("seed", range(6))
async def test_two_processes_that_die_anywhere_and_repeat_anything_keep_each_message_once(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Both take messages from where the group is or further back, as after a rebalance."""
    chance = random.Random(seed)
    service = Business().service()
    async with desk_of(endpoints.mongo_url, service, history_bound=4) as desk:
        sent = [desk.toy("A", str(number), str(number)) for number in range(MESSAGES)]
        mortal(monkeypatch, chance)
        committed = 0
        while committed < MESSAGES:
            desk.committed = sent[committed].offset
            batches = [some_of(sent, committed, chance) for _ in range(2)]
            ended = await asyncio.gather(
                *(desk.new_stage().process(batch) for batch in batches), return_exceptions=True
            )
            assert all(it is None or isinstance(it, set | Outage) for it in ended), ended
            done = [batch for batch, it in zip(batches, ended, strict=True) if isinstance(it, set)]
            committed = max([committed, *(sent.index(batch[-1]) + 1 for batch in done)])
        history = await desk.store.history("kept", "A")
        found = await audit(service, desk.database, desk.store, service.deciders[0])
    numbers = [int(entry["message_id"].rsplit(" ", 1)[-1]) for entry in history]
    assert numbers == [*range(MESSAGES)]
    assert found.faults == []


def some_of(sent: Sequence[Sent], committed: int, chance: random.Random) -> Sequence[Sent]:
    """A few messages, the first of them not beyond what is committed."""
    first = max(0, committed - chance.randint(0, 4))
    return sent[first : committed + chance.randint(1, 4)]


def mortal(monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> None:
    """A process may die before and after whatever it writes."""

    def dying(act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def write(*given: Any) -> Any:
            if chance.random() < DEATHS:
                raise Outage("mongodb", "the process died")
            written = await act(*given)
            if chance.random() < DEATHS:
                raise Outage("mongodb", "the process died")
            return written

        return write

    monkeypatch.setattr(store, "write_all", dying(writes.write_all))
    monkeypatch.setattr(archive, "insert_missing", dying(writes.insert_missing))
