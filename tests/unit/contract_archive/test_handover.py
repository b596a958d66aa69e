"""A channel that has signed a customer in is handed that customer's documents, and no others."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.contract_archive.contract.issue_text import text_id
from services.contract_archive.downloads import PDF, TEXT
from services.contract_archive.handover import DocumentQuestion, hand_over
from shared.events.contracts import ContractAccepted
from shared.events.envelope import Event, Ref
from shared.mongo.client import File
from shared.runtime.decider import HandedOut
from tests.builders.archive import (
    HOLDER,
    NOW,
    NUMBER,
    RULES,
    STRANGER,
    Archive,
    acceptance_requested,
    authorisation,
    consent_withdrawal,
    copy_requested,
    recorded,
    registration,
    text_approved,
)
from tests.builders.archive_files import Files

FIRST, SECOND = text_id(NUMBER, 1), text_id(NUMBER, 2)
MONTHS = timedelta(days=60)
WITH_ACCESS = (registration(), authorisation())


class Desk:
    """An archive with its files, made as they are asked for."""

    def __init__(self, *received: Event) -> None:
        self.files = Files()
        self.archive = Archive(RULES, *received)

    def keep(self, document_id: str, content: bytes, **note: Any) -> None:
        said = {
            "contract_number": NUMBER,
            "customer_id": HOLDER,
            "available_until": NOW + timedelta(days=30),
        }
        self.files.kept[document_id] = File(content, said | note)

    async def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        return {ref: self.archive.states.get(ref) for ref in refs}

    async def ask(
        self,
        document_id: str,
        customer_id: str = HOLDER,
        number: str = NUMBER,
        after: timedelta = timedelta(0),
    ) -> HandedOut | None:
        question = DocumentQuestion(
            contract_number=number, document_id=document_id, customer_id=customer_id
        )
        return await hand_over(question, self.files.database, self.read, NOW + after)


async def test_the_holder_is_handed_the_text_that_the_contract_has_now() -> None:
    desk = Desk(*WITH_ACCESS, recorded())

    text = await desk.ask(FIRST)

    assert text is not None
    assert text.media_type == TEXT
    stated = desk.archive.contract.text
    assert stated is not None
    assert hashlib.sha256(text.content).hexdigest() == stated.sha256


async def test_a_text_that_has_changed_is_handed_to_nobody() -> None:
    desk = Desk(*WITH_ACCESS, recorded(), recorded(title="Otro título"))

    assert await desk.ask(FIRST) is None
    assert await desk.ask(SECOND) is not None


@pytest.mark.parametrize(
    ("received", "customer_id", "number"),
    [
        ((*WITH_ACCESS, recorded()), STRANGER, NUMBER),
        ((*WITH_ACCESS, registration(STRANGER), authorisation(STRANGER)), STRANGER, NUMBER),
        ((registration(), recorded()), HOLDER, NUMBER),
        ((*WITH_ACCESS, recorded(), consent_withdrawal()), HOLDER, NUMBER),
        ((*WITH_ACCESS, recorded()), HOLDER, "K-OTHER"),
    ],
    ids=["a stranger", "a stranger with access", "no access", "access ended", "another contract"],
)
async def test_a_text_and_a_copy_are_for_the_holder_with_access_alone(
    received: Sequence[Event], customer_id: str, number: str
) -> None:
    desk = Desk(recorded(), *received)
    desk.keep("copy", b"%PDF")

    assert await desk.ask(FIRST, customer_id, number) is None
    assert await desk.ask("copy", customer_id, number) is None


async def test_a_copy_is_handed_out_as_often_as_asked_until_it_expires() -> None:
    desk = Desk(*WITH_ACCESS, recorded(), copy_requested())
    desk.keep("copy", b"%PDF")

    for _ in range(2):
        copy = await desk.ask("copy")
        assert copy == HandedOut(b"%PDF", PDF)

    assert await desk.ask("copy", after=MONTHS) is None


async def test_what_certifies_an_acceptance_that_stands_does_not_expire() -> None:
    desk = Desk(*WITH_ACCESS, recorded())
    text = desk.archive.contract.text
    assert text is not None
    desk.archive.receive(text_approved(FIRST))
    desk.archive.receive(acceptance_requested(text_sha256=text.sha256))
    desk.archive.work()
    accepted = desk.archive.contract.accepted
    assert isinstance(accepted, ContractAccepted)
    desk.keep(accepted.document_id, b"%PDF certificate")
    desk.keep(FIRST, b"the text", media_type=TEXT)
    desk.keep("copy", b"%PDF copy")
    desk.archive.receive(recorded(title="Otro título"))

    certificate = await desk.ask(accepted.document_id, after=MONTHS)
    accepted_text = await desk.ask(FIRST, after=MONTHS)

    assert certificate == HandedOut(b"%PDF certificate", PDF)
    assert accepted_text == HandedOut(b"the text", TEXT)
    assert await desk.ask("copy", after=MONTHS) is None


async def test_a_file_of_another_customer_or_contract_is_not_there() -> None:
    desk = Desk(*WITH_ACCESS, recorded())
    desk.keep("a stranger's", b"x", customer_id=STRANGER)
    desk.keep("of another contract", b"x", contract_number="K-OTHER")

    for document_id in ("a stranger's", "of another contract", "nothing"):
        assert await desk.ask(document_id) is None
