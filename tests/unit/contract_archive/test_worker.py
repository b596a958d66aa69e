"""Making and keeping documents: the same work twice reports the first document."""

import hashlib
from datetime import timedelta
from io import BytesIO
from typing import cast

import pytest
from pypdf import PdfReader

from services.contract_archive.settings import Settings
from services.contract_archive.worker import open_worker
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractCopyDenied,
    ContractCopyReady,
)
from shared.events.envelope import Event
from shared.events.internal import DocumentNotPrintable, DocumentStored, Outcome
from shared.outage import Outage
from shared.runtime.decider import Dependencies
from tests.builders.archive import (
    HOLDER,
    NOW,
    NUMBER,
    RULES,
    Archive,
    acceptance_requested,
    authorisation,
    copy_requested,
    recorded,
    registration,
)
from tests.builders.archive_files import Files, due_work

NO_DEPENDENCIES = cast(Dependencies, None)
SETTINGS = Settings()


def waiting(*requests: Event) -> Archive:
    return Archive(RULES, registration(), authorisation(), recorded(), *requests)


async def outcome_of(files: Files, archive: Archive) -> Outcome:
    async with open_worker(SETTINGS)(files.database, NO_DEPENDENCIES) as work:
        return await work(due_work(archive))


async def perform(files: Files, archive: Archive) -> DocumentStored:
    outcome = await outcome_of(files, archive)
    assert isinstance(outcome, DocumentStored)
    return outcome


@pytest.mark.parametrize("request_", [copy_requested(), acceptance_requested()])
async def test_a_document_is_kept_with_what_a_download_needs(request_: Event) -> None:
    files, archive = Files(), waiting(request_)

    outcome = await perform(files, archive)

    file = files.kept[outcome.document_id]
    assert file.metadata == {
        "sha256": hashlib.sha256(file.content).hexdigest(),
        "contract_number": NUMBER,
        "customer_id": HOLDER,
        "available_until": NOW + timedelta(days=30),
    }
    assert outcome.sha256 == file.metadata["sha256"]


async def test_neither_outcome_nor_answer_has_a_link_that_opens_the_document() -> None:
    files, archive = Files(), waiting(copy_requested())

    outcome = await perform(files, archive)
    (ready,) = archive.receive(outcome)

    assert isinstance(ready, ContractCopyReady)
    assert (outcome.link, ready.link) == (None, None)


async def test_the_outcome_makes_the_copy_ready_for_the_submission_that_asked() -> None:
    files, archive = Files(), waiting(copy_requested())

    outcome = await perform(files, archive)
    (ready,) = archive.receive(outcome)

    assert isinstance(ready, ContractCopyReady)
    assert ready.sha256 == outcome.sha256
    assert outcome.correlation_id == "submission-1"


async def test_work_done_again_after_a_crash_reports_the_first_document() -> None:
    files, archive = Files(), waiting(copy_requested())

    first = await perform(files, archive)
    archive.receive(recorded(title="Otro título"))
    again = await perform(files, archive)

    assert again == first
    assert len(files.kept) == 1


async def test_the_copy_shows_the_contract_and_its_holders_name() -> None:
    files, archive = Files(), waiting(copy_requested())

    outcome = await perform(files, archive)

    text = PdfReader(BytesIO(files.kept[outcome.document_id].content)).pages[0].extract_text()
    assert NUMBER in text
    assert "Cliente de Prueba" in text


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (copy_requested(), ContractCopyDenied),
        (acceptance_requested(), ContractAcceptanceDenied),
    ],
)
async def test_a_title_that_documents_cannot_show_is_answered_and_no_document_kept(
    request_: Event, answer: type[ContractCopyDenied | ContractAcceptanceDenied]
) -> None:
    """n_emoji: the registry's title has what no document of ours can show."""
    title = "Licencia Ana \U0001f469\u200d\U0001f467 Prueba"
    files, archive = Files(), waiting(recorded(title=title), request_)

    outcome = await outcome_of(files, archive)
    (denied,) = archive.receive(outcome)

    assert isinstance(outcome, DocumentNotPrintable)
    assert outcome.correlation_id == "submission-1"
    assert isinstance(denied, answer)
    assert denied.cause == "not_printable"
    assert files.kept == {}
    assert archive.receive(outcome) == []


async def test_an_absent_database_is_an_outage() -> None:
    files, archive = Files(), waiting(copy_requested())
    files.away = True

    with pytest.raises(Outage, match="mongodb"):
        await perform(files, archive)
