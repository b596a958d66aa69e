"""Attachments of forgotten customers are deleted, and bytes that nobody claims in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from services.contract_archive.attachment import deletion
from services.contract_archive.attachment.check import check, take_in
from services.contract_archive.attachment.deletion import (
    CLOCKS_DIFFER,
    UNCLAIMED_FOR,
    clean_up,
    delete_unclaimed,
)
from services.contract_archive.attachment.state import file_id
from services.contract_archive.erasure.decide import ERASURE, Erasure, decide, evolve
from services.contract_archive.service import build, drops, keeps, route
from services.contract_archive.settings import Settings
from services.contract_archive.worker import open_worker
from shared.events.contracts import CustomerAccessAuthorised
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import AttachmentChecked, AttachmentsDeleted, KeyForgotten
from shared.mongo.client import File
from shared.runtime.decider import Work
from tests.builders.archive_files import Files
from tests.fakes.memory_stage import Given, MemoryStage
from tests.unit.contract_archive.test_attachments import (
    ANA,
    EVA,
    ID,
    LETTER,
    NOW,
    Archive,
    handed_in,
    received,
)

FORGOTTEN = KeyForgotten(topic="desk.customers", key=ANA)


class Forgetting:
    """The archive's erasure of one customer, and its files."""

    def __init__(self, *document_ids: str, customer_id: str = ANA) -> None:
        self.files = Files()
        self.state: Erasure | None = None
        for document_id in document_ids:
            self.attached(document_id, customer_id)

    def attached(self, document_id: str, customer_id: str, at: datetime = NOW) -> None:
        self.files.kept[file_id(document_id)] = File(LETTER, {"customer_id": customer_id})
        self.files.uploaded[file_id(document_id)] = at

    def hears(self, event: Event, at: datetime = NOW, now: datetime = NOW) -> Sequence[Event]:
        decided = decide(Message("/topics/desk.customers", "1", event, time=at), self.state, now)
        for each in decided:
            self.state = evolve(self.state, each)
        return decided

    async def works(self) -> AttachmentsDeleted:
        assert self.state is not None
        assert self.state.work_at is not None
        async with open_worker(Settings())(self.files.database, cast(Any, None)) as perform:
            work = Work(Ref(ERASURE, ANA), self.state, nothing, AsyncExitStack())
            outcome = await perform(work)
        assert isinstance(outcome, AttachmentsDeleted)
        self.hears(outcome)
        return outcome


async def nothing(_refs: Sequence[Ref]) -> Mapping[Ref, Any]:
    return {}


async def test_a_forgotten_customers_attachments_are_deleted_and_nobody_elses() -> None:
    archive = Forgetting("a-1", "a-2")
    archive.attached("e-1", EVA)
    archive.files.kept["D-1"] = File(b"%PDF", {"customer_id": ANA})  # a certificate of a contract
    archive.files.uploaded["D-1"] = NOW
    archive.hears(FORGOTTEN)

    deleted = await archive.works()

    assert set(deleted.document_ids) == {"a-1", "a-2"}
    assert set(archive.files.kept) == {file_id("e-1"), "D-1"}
    assert archive.state is not None
    assert (archive.state.number, archive.state.work_at) == (2, None)


async def test_what_a_customer_attaches_after_coming_back_stays() -> None:
    """An old tombstone may be read late: by an upgrade, or after an outage."""
    archive = Forgetting("before")
    archive.attached("after", ANA, NOW + timedelta(days=3))
    archive.hears(FORGOTTEN, NOW, now=NOW + timedelta(days=9))

    await archive.works()

    assert set(archive.files.kept) == {file_id("after")}


async def test_a_tombstone_that_is_decided_twice_deletes_nothing_that_came_after_it() -> None:
    """Where ids expire, it may come again when nobody remembers it: the topic keeps it for ever."""
    archive = Forgetting("before")
    archive.hears(FORGOTTEN)
    await archive.works()
    archive.attached("after", ANA, NOW + timedelta(days=3))

    archive.hears(FORGOTTEN, NOW, now=NOW + timedelta(days=4_000))
    deleted = await archive.works()

    assert deleted.document_ids == ()
    assert set(archive.files.kept) == {file_id("after")}


async def test_clocks_that_differ_by_a_minute_leave_nothing_behind() -> None:
    archive = Forgetting()
    archive.attached("just-before", ANA, NOW + CLOCKS_DIFFER - timedelta(seconds=1))
    archive.hears(FORGOTTEN)

    await archive.works()

    assert archive.files.kept == {}


async def test_many_are_deleted_in_several_pieces_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "AT_ONCE", 2)
    archive = Forgetting("a-1", "a-2", "a-3")
    archive.hears(FORGOTTEN)

    pieces = [len((await archive.works()).document_ids) for _ in range(2)]

    assert pieces == [2, 1]
    assert archive.files.kept == {}
    assert archive.state is not None
    assert archive.state.work_at is None


def test_an_outcome_that_comes_again_settles_nothing_twice() -> None:
    archive = Forgetting()
    outcome = AttachmentsDeleted(customer_id=ANA, document_ids=("a-1",))
    assert archive.hears(outcome) == []
    archive.hears(FORGOTTEN)

    assert len(archive.hears(outcome)) == 1
    assert archive.hears(outcome) == []


async def test_who_is_forgotten_again_loses_what_came_between() -> None:
    archive = Forgetting("first")
    archive.hears(FORGOTTEN)
    await archive.works()
    archive.attached("second", ANA, NOW + timedelta(days=1))

    archive.hears(FORGOTTEN, NOW + timedelta(days=2))
    await archive.works()

    assert archive.files.kept == {}
    assert archive.state is not None
    assert archive.state.number == 2


def test_a_customers_tombstone_is_decided_and_a_restored_database_lacks_no_erased_file() -> None:
    def routed(event: Event) -> tuple[Ref, ...]:
        return route(Message("/x", "m", event)).decides

    assert routed(FORGOTTEN) == (Ref(ERASURE, ANA),)
    assert routed(KeyForgotten(topic="desk.contract-states", key="K-1")) == ()
    deleted = AttachmentsDeleted(customer_id=ANA, document_ids=(ID,))
    assert routed(deleted) == (Ref(ERASURE, ANA),)
    kept = keeps(AttachmentChecked(document_id=ID, kept=True))
    assert kept is not None
    assert [*drops(deleted)] == [kept.id]
    assert [*drops(AttachmentChecked(document_id=ID, kept=True))] == []


@pytest.mark.parametrize("stamped", [NOW - timedelta(hours=1), None])
async def test_a_tombstone_without_headers_begins_an_erasure_and_no_event_of_a_profile_does(
    stamped: datetime | None,
) -> None:
    stage = MemoryStage(build(Settings()), NOW)
    timestamp = -1 if stamped is None else int(stamped.timestamp() * 1000)
    gone = Given("desk.customers", 1, ANA.encode(), None, [], timestamp=timestamp)

    await stage.stage.process([gone, gone])

    ref = Ref(ERASURE, ANA)
    found = (await stage.store.read([ref]))[ref]
    assert found.state == Erasure(customer_id=ANA, forgotten_at=stamped or NOW, work_at=NOW)
    assert stage.published.outgoing == []
    assert route(Message("/x", "m", profile())).decides == ()


def profile() -> CustomerAccessAuthorised:
    return CustomerAccessAuthorised(
        customer_id=ANA,
        name="Ana Ejemplo",
        email="ana@example.test",
        phone="+34 600 000 000",
        company="Ejemplo",
        country="ES",
        consents=(),
        registered_at=NOW,
        access=True,
    )


def test_an_event_that_is_no_erasures_is_a_defect() -> None:
    with pytest.raises(TypeError, match="no erasure's event"):
        evolve(None, received())


# Bytes that nobody claims


async def handed_over(files: Files, at: datetime = NOW) -> None:
    assert await take_in(handed_in(), files.database) is None
    files.uploaded[file_id(ID)] = at


async def test_bytes_that_no_claim_check_names_are_deleted_after_31_days() -> None:
    files = Files()
    await handed_over(files)

    assert await delete_unclaimed(files.database, NOW + UNCLAIMED_FOR) == 0
    assert file_id(ID) in files.kept
    assert await clean_up(files.database, NOW + UNCLAIMED_FOR + timedelta(seconds=1)) == 1
    assert files.kept == {}


async def test_bytes_that_were_claimed_stay_and_those_that_were_refused_unseen_go() -> None:
    kept = Archive()
    await handed_over(kept.files)
    kept.hears(received())
    await kept.works()
    refused = Archive()
    await handed_over(refused.files)
    refused.hears(received(link="https://elsewhere.test/letter"))

    late = NOW + 2 * UNCLAIMED_FOR
    assert await delete_unclaimed(kept.files.database, late) == 0
    assert await delete_unclaimed(refused.files.database, late) == 1


async def test_bytes_that_are_going_are_not_claimed_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the decision to delete and the deletion the process may end."""
    archive = Archive(received())
    await handed_over(archive.files)
    monkeypatch.setattr(archive.files, "delete_file", not_reached)
    await delete_unclaimed(archive.files.database, NOW + 2 * UNCLAIMED_FOR)
    assert file_id(ID) in archive.files.kept

    assert archive.state is not None
    found = await check(archive.state, archive.files.database)

    assert (found.kept, found.cause) == (False, None)


async def not_reached(_file_id: str) -> None:
    return None
