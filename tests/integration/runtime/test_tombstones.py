"""A tombstone on a compacted topic: the replicas of it forget the customer."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.local.stack import Endpoints
from services.contract_archive import service as archive
from services.contract_archive.attachment.check import HandedIn, check, take_in
from services.contract_archive.attachment.deletion import (
    UNCLAIMED_FOR,
    clean_up,
    erase,
)
from services.contract_archive.attachment.state import Attachment, file_id
from services.contract_archive.erasure.decide import Erasure
from services.contract_archive.settings import Settings as ArchiveSettings
from services.inquiry_intake import service as intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from services.notification import service as notification
from services.notification.settings import Settings as NotificationSettings
from shared.events.contracts import CustomerAccessAuthorised
from shared.mongo.client import Document
from tests.integration.runtime.bounded import NOW, Desk, Sent, desk_of

CUSTOMER = "C-1"
EMAIL = "ana@example.com"


def profile(desk: Desk, email: str = EMAIL) -> Sent:
    said = CustomerAccessAuthorised(
        customer_id=CUSTOMER,
        name="Ana Ejemplo",
        email=email,
        phone="+34 600 000 000",
        company="Ejemplo",
        country="ES",
        consents=(),
        registered_at=NOW,
        access=True,
    )
    record = desk.event(said, CUSTOMER)
    source = ("ce_source", b"/services/contract_archive")
    return replace(record, headers=[*(h for h in record.headers if h[0] != "ce_source"), source])


def tombstone(desk: Desk, key: bytes = CUSTOMER.encode()) -> Sent:
    """As tools send it: no value and no headers."""
    desk.sent += 1
    return Sent("desk.customers", desk.sent, None, [], key)


async def kept(desk: Desk) -> tuple[Document, str]:
    """The customer's document, and all that the database holds of him, as text."""
    document = await desk.document(CUSTOMER, "customer")
    archived = await desk.database.collection("customer_history").find({}).to_list(None)
    return document, f"{document} {archived}"


@pytest.mark.parametrize(
    "service",
    [intake.build(IntakeSettings()), notification.build(NotificationSettings())],
    ids=["intake", "notification"],
)
async def test_a_tombstone_makes_a_replica_forget_the_customer_with_all_its_history(
    endpoints: Endpoints, service: Any
) -> None:
    async with desk_of(endpoints.mongo_url, service, history_bound=2) as desk:
        for _ in range(2):
            await desk.process(*(profile(desk) for _ in range(2)))
        before, held = await kept(desk)
        await desk.process(tombstone(desk))
        after, left = await kept(desk)
        folded = desk.store.fold("customer", await desk.store.history("customer", CUSTOMER))
    assert (before["archived"], EMAIL in held) == (2, True)
    assert (after["state"], folded, EMAIL in left) == (None, None, False)
    assert desk.outgoing == []


async def test_what_came_before_a_tombstone_stays_forgotten_and_what_comes_after_stays(
    endpoints: Endpoints,
) -> None:
    """In one batch or several, and however often they come again."""
    async with desk_of(endpoints.mongo_url, intake.build(IntakeSettings())) as desk:
        first, gone, again = profile(desk), tombstone(desk), profile(desk, "new@example.com")
        await desk.process(first, gone)
        await desk.process(first, gone, commit=False)
        forgotten, _ = await kept(desk)
        await desk.process(again)
        await desk.process(first, gone, again)
        back, held = await kept(desk)
    assert forgotten["state"] is None
    assert back["state"]["contact"]["email"] == "new@example.com"
    assert EMAIL not in held
    assert desk.outgoing == []


async def test_a_tombstone_under_a_key_that_nobody_knows_is_no_dead_letter(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, intake.build(IntakeSettings())) as desk:
        unknown, registered = tombstone(desk), profile(desk)
        await desk.process(unknown, tombstone(desk, b""), tombstone(desk, b"\xff"))
        await desk.process(registered)
        await desk.process(unknown, registered)
        document, _ = await kept(desk)
        customers = await desk.database.collection("customer").count_documents({})
    assert (customers, document["state"]["contact"]["email"]) == (1, EMAIL)
    assert desk.outgoing == []


async def test_a_tombstone_does_not_wait_behind_a_defect(
    endpoints: Endpoints,
) -> None:
    def stumbles(*_: object) -> None:
        raise ZeroDivisionError

    service = intake.build(IntakeSettings())
    [replica] = [decider for decider in service.deciders if decider.kind == "customer"]
    broken = replace(service, deciders=(replace(replica, evolve=stumbles),))
    async with desk_of(endpoints.mongo_url, broken) as desk:
        await desk.process(profile(desk))
        parked, _ = await kept(desk)
        await desk.process(tombstone(desk))
        document, _ = await kept(desk)
    assert "parked" in parked
    assert "parked" not in document
    assert [reason for reason, _ in desk.letters()] == ["defect"]


async def test_a_tombstone_makes_the_archive_delete_what_the_customer_attached(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, archive.build(ArchiveSettings())) as desk:
        for document_id, customer_id in (("a-1", CUSTOMER), ("a-2", CUSTOMER), ("b-1", "C-2")):
            assert await take_in(attachment(document_id, customer_id), desk.database) is None
        now = int(datetime.now(UTC).timestamp() * 1000)
        await desk.process(replace(tombstone(desk), timestamp=now))
        due = await desk.document(CUSTOMER, "erasure")

        deleted = await erase(Erasure.model_validate(due["state"]), desk.database)
        await desk.process(desk.event(deleted, CUSTOMER))

        done = await desk.document(CUSTOMER, "erasure")
        left = await desk.database.collection("fs.chunks").distinct("files_id")
    assert due["work_at"] is not None
    assert set(deleted.document_ids) == {"a-1", "a-2"}
    assert (done["state"]["number"], done.get("work_at")) == (2, None)
    assert left == [file_id("b-1")]
    assert desk.outgoing == []


async def test_bytes_that_nobody_claims_leave_the_database_and_those_that_are_claimed_stay(
    endpoints: Endpoints,
) -> None:
    async with desk_of(endpoints.mongo_url, archive.build(ArchiveSettings())) as desk:
        for document_id in ("claimed", "unclaimed"):
            await take_in(attachment(document_id), desk.database)
        await check(claimed("claimed"), desk.database)
        now = datetime.now(UTC)

        early = await clean_up(desk.database, now + UNCLAIMED_FOR - timedelta(minutes=1))
        late = await clean_up(desk.database, now + UNCLAIMED_FOR + timedelta(minutes=1))

        left = await desk.database.collection("fs.chunks").distinct("files_id")
    assert (early, late) == (0, 1)
    assert left == [file_id("claimed")]


LETTER = b"%PDF-1.7\n%a letter\n%%EOF\n"
SHA256 = hashlib.sha256(LETTER).hexdigest()


def attachment(document_id: str, customer_id: str = CUSTOMER) -> HandedIn:
    return HandedIn(
        document_id=document_id,
        customer_id=customer_id,
        media_type="application/pdf",
        sha256=SHA256,
        content=LETTER,
    )


def claimed(document_id: str) -> Attachment:
    return Attachment(
        document_id=document_id,
        customer_id=CUSTOMER,
        media_type="application/pdf",
        size=len(LETTER),
        sha256=SHA256,
        link=f"/attachments/{document_id}",
        expires_at=NOW,
    )
