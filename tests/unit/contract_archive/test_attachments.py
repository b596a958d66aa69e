"""An attachment is kept exactly if its bytes are there and are what its claim check says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.contract_archive.attachment.check import HandedIn, check, hand_out, take_in
from services.contract_archive.attachment.decide import LOOK_AGAIN, decide
from services.contract_archive.attachment.evolve import evolve
from services.contract_archive.attachment.private_events import AttachmentMissed
from services.contract_archive.attachment.state import (
    ATTACHMENT,
    Attachment,
    AttachmentStanding,
    file_id,
)
from services.contract_archive.handover import DocumentQuestion, hand_over
from services.contract_archive.service import build, keeps, route
from services.contract_archive.settings import Settings
from services.contract_archive.worker import open_worker
from shared.events.documents import (
    LINK,
    MOST_BYTES,
    DocumentKept,
    DocumentReceived,
    DocumentRefusalCause,
    DocumentRefused,
)
from shared.events.envelope import Event, Message, Ref
from shared.events.internal import AttachmentChecked
from shared.runtime.decider import Work
from tests.builders.archive_files import Files

ANA, EVA = "C-ANA", "C-EVA"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LETTER = b"%PDF-1.7\n%a signed letter\n%%EOF\n"
ID = "6c1f7a0e-0000-4000-8000-000000000001"
NOT_ALLOWED = DocumentRefusalCause.NOT_ALLOWED
NOT_AS_DESCRIBED = DocumentRefusalCause.NOT_AS_DESCRIBED


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def received(**other: Any) -> DocumentReceived:
    said = {
        "document_id": ID,
        "customer_id": ANA,
        "purpose": "cancellation_evidence",
        "file_name": "carta.pdf",
        "media_type": "application/pdf",
        "size": len(LETTER),
        "sha256": digest(LETTER),
        "link": LINK + ID,
        "expires_at": (NOW + timedelta(days=1)).isoformat(),
    }
    return DocumentReceived.model_validate(said | other)


def handed_in(content: bytes = LETTER, **other: Any) -> HandedIn:
    said = {
        "document_id": ID,
        "customer_id": ANA,
        "media_type": "application/pdf",
        "sha256": digest(content),
    }
    return HandedIn.model_validate(said | other | {"content": content})


class Archive:
    """One attachment's record, and the files beside it."""

    def __init__(self, *events: Event) -> None:
        self.files = Files()
        self.state: Attachment | None = None
        self.told: list[Event] = []
        for event in events:
            self.hears(event)

    def hears(self, event: Event, after: timedelta = timedelta(0)) -> list[Event]:
        message = Message("/services/customer_portal", "m-1", event, key=ID, time=NOW)
        decided = [*decide(message, self.state, NOW + after)]
        for each in decided:
            self.state = evolve(self.state, each)
        self.told += decided
        return decided

    async def works(self, after: timedelta = timedelta(0)) -> Event:
        assert self.state is not None
        async with open_worker(Settings())(self.files.database, None) as perform:  # type: ignore[arg-type]
            work = Work(Ref(ATTACHMENT, ID), self.state, self.read, AsyncExitStack())
            outcome = await perform(work)
        [event] = self.hears(outcome, after)
        return event

    async def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        return {ref: self.state if ref == Ref(ATTACHMENT, ID) else None for ref in refs}


async def test_bytes_as_described_are_kept() -> None:
    archive = Archive()
    assert await take_in(handed_in(), archive.files.database) is None
    archive.hears(received())

    kept = await archive.works()

    assert kept == DocumentKept(
        document_id=ID,
        customer_id=ANA,
        media_type="application/pdf",
        size=len(LETTER),
        sha256=digest(LETTER),
    )
    assert archive.state is not None
    assert archive.state.standing is AttachmentStanding.KEPT
    assert archive.state.look_at is None


@pytest.mark.parametrize(
    "other",
    [
        {"size": len(LETTER) + 1},
        {"sha256": digest(b"another")},
        {"media_type": "image/png"},
        {"customer_id": EVA},
    ],
    ids=["size", "hash", "type", "customer"],
)
async def test_bytes_that_are_not_as_described_are_refused_and_forgotten(
    other: dict[str, Any],
) -> None:
    archive = Archive(received(**other))
    await take_in(handed_in(), archive.files.database)

    refused = await archive.works()

    assert isinstance(refused, DocumentRefused)
    assert refused.cause is NOT_AS_DESCRIBED
    assert archive.files.kept == {}


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        ({"link": "https://example.test/letter.pdf"}, DocumentRefusalCause.LINK_NOT_ALLOWED),
        ({"link": LINK + "another"}, DocumentRefusalCause.LINK_NOT_ALLOWED),
        ({"media_type": "image/svg+xml"}, NOT_ALLOWED),
        ({"size": 0}, NOT_ALLOWED),
        ({"size": MOST_BYTES + 1}, NOT_ALLOWED),
    ],
)
def test_a_claim_check_alone_may_be_reason_to_refuse(
    other: dict[str, Any], cause: DocumentRefusalCause
) -> None:
    archive = Archive(received(**other))

    assert archive.told[-1] == DocumentRefused(document_id=ID, customer_id=ANA, cause=cause)
    assert archive.state is not None
    assert archive.state.look_at is None


async def test_bytes_that_do_not_come_are_looked_for_until_the_claim_check_expires() -> None:
    archive = Archive(received())

    await archive.works()
    assert archive.state is not None
    assert archive.state.look_at == NOW + LOOK_AGAIN

    refused = await archive.works(after=timedelta(days=1))
    assert isinstance(refused, DocumentRefused)
    assert refused.cause is DocumentRefusalCause.NOT_RECEIVED


async def test_a_claim_check_without_bytes_is_looked_for_seldom_and_not_for_ever() -> None:
    """Each look is a record on a topic and an entry of a history."""
    archive = Archive(received(expires_at="9999-12-31T23:59:59-14:00"))
    looks = 0

    while archive.state is not None and archive.state.look_at is not None:
        looks += 1
        await archive.works(after=archive.state.look_at - NOW)
        assert looks < 200, "too often"

    assert isinstance(archive.told[-1], DocumentRefused)
    assert archive.told[-1].cause is DocumentRefusalCause.NOT_RECEIVED


def test_an_attachment_of_an_earlier_release_is_looked_for_as_it_was() -> None:
    archive = Archive(received())
    assert archive.state is not None
    missed = AttachmentMissed.model_validate({"document_id": ID, "look_at": NOW})

    assert evolve(archive.state, missed) == archive.state


async def test_the_first_claim_check_stands_and_an_outcome_settles_once() -> None:
    archive = Archive(received())
    await take_in(handed_in(), archive.files.database)
    assert archive.hears(received(customer_id=EVA)) == []

    await archive.works()

    assert archive.hears(AttachmentChecked(document_id=ID, kept=False, cause=NOT_ALLOWED)) == []


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (handed_in(sha256=digest(b"another")), NOT_AS_DESCRIBED),
        (handed_in(media_type="image/png"), NOT_AS_DESCRIBED),
        (handed_in(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), NOT_ALLOWED),
        (handed_in(b""), NOT_ALLOWED),
        (handed_in(LETTER + b" " * MOST_BYTES), NOT_ALLOWED),
    ],
    ids=["hash", "type", "kind", "empty", "large"],
)
async def test_what_is_not_as_described_is_not_taken(
    given: HandedIn, cause: DocumentRefusalCause
) -> None:
    files = Files()

    assert await take_in(given, files.database) == cause
    assert files.kept == {}


async def test_an_id_is_taken_once_and_the_same_bytes_again_change_nothing() -> None:
    files = Files()
    assert await take_in(handed_in(), files.database) is None
    assert await take_in(handed_in(), files.database) is None

    assert await take_in(handed_in(LETTER + b"\n"), files.database) == NOT_AS_DESCRIBED
    assert await take_in(handed_in(customer_id=EVA), files.database) == NOT_AS_DESCRIBED
    assert files.kept[file_id(ID)].content == LETTER


async def test_an_attachment_is_handed_to_its_customer_alone_once_it_is_kept() -> None:
    archive = Archive(received())
    await take_in(handed_in(), archive.files.database)
    database = archive.files.database
    assert await hand_out(ID, ANA, database, archive.read) is None

    await archive.works()

    mine = await hand_over(
        DocumentQuestion(document_id=ID, customer_id=ANA), database, archive.read, NOW
    )
    assert mine is not None
    assert (mine.content, mine.media_type) == (LETTER, "application/pdf")
    assert await hand_out(ID, EVA, database, archive.read) is None
    assert await hand_out("unknown", ANA, database, archive.read) is None


async def test_what_its_claim_check_alone_refused_is_handed_to_nobody() -> None:
    archive = Archive(received(customer_id=EVA, link="https://elsewhere.test/letter"))
    await take_in(handed_in(), archive.files.database)
    assert archive.state is not None
    assert archive.state.standing is AttachmentStanding.REFUSED
    for customer_id in (ANA, EVA):
        assert await hand_out(ID, customer_id, archive.files.database, archive.read) is None


async def test_a_restored_database_is_asked_for_each_attachment_that_was_kept() -> None:
    archive = Archive(received())
    await take_in(handed_in(), archive.files.database)
    assert archive.state is not None
    found = await check(archive.state, archive.files.database)

    kept = keeps(found)

    assert kept is not None
    assert kept.id == file_id(ID)
    assert keeps(AttachmentChecked(document_id=ID, kept=False)) is None


def test_claim_checks_are_decided_in_the_attachment_and_its_own_answers_are_passed_over() -> None:
    def routed(event: Event) -> tuple[Ref, ...]:
        return route(Message("/x", "m", event, key=ID, time=NOW)).decides

    assert routed(received()) == (Ref(ATTACHMENT, ID),)
    assert routed(DocumentKept(document_id=ID)) == ()
    assert build(Settings()).hand_ins is not None


def test_an_event_that_is_no_attachments_is_a_defect() -> None:
    checked = AttachmentChecked(document_id=ID, kept=True)
    held = Attachment(
        document_id=ID,
        customer_id=ANA,
        media_type="application/pdf",
        size=1,
        sha256="0" * 64,
        link=LINK + ID,
        expires_at=NOW,
    )
    with pytest.raises(TypeError, match="no attachment event"):
        evolve(held, checked)
