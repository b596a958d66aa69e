"""A page asks the services that own a record, and does without a part that they do not give."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from services.customer_portal.documents import ArchiveClient, DownloadedDocument
from services.customer_portal.previews import PreviewedDecision, Previews
from services.customer_portal.record_owner import RecordOwner
from services.customer_portal.settings import Settings
from shared.events.submissions import CancellationSubmitted
from shared.events.values import Language
from shared.web.pages import NotFound
from shared.web.sessions import Holder
from tests.builders.portal import NOW, TEXT, TEXT_SHA256

URL, CREDENTIAL = "http://owner.test", "a-credential-of-the-portal-alone"
ASKS = Settings(portal_credential=CREDENTIAL, contract_archive_url=URL, cancellation_url=URL)
ANA = Holder("C-ANA")
EVENT = CancellationSubmitted.model_validate(
    {
        "customer_id": ANA.customer_id,
        "channel": "web",
        "received_at": NOW.isoformat(),
        "contract_numbers": ["K-1"],
        "contact": {"name": "Ana", "email": "ana@example.test"},
        "destruction_confirmed": True,
    }
)
TEXT_OF_ANA = {
    "service": "contract_archive",
    "media_type": "text/plain",
    "sha256": TEXT_SHA256,
    "content": base64.b64encode(TEXT).decode(),
}
DECISION = {
    "explanation": {"es": "Termina el 27.", "en": "It ends on the 27th."},
    "policy": "monthly-notice",
    "policy_version": "1",
    "rule": "notice",
    "effective_on": "2026-12-27",
    "last_billable_on": "2026-12-26",
}
Answers = Callable[[httpx2.Request], httpx2.Response]


def documents(answers: Answers) -> ArchiveClient:
    found = ArchiveClient(ASKS)
    found._archive = _owner(answers)
    return found


def previews(answers: Answers) -> Previews:
    found = Previews(ASKS)
    found._service = _owner(answers)
    return found


def _owner(answers: Answers) -> RecordOwner:
    transport = httpx2.MockTransport(answers)
    return RecordOwner("owner", URL, ASKS, within_seconds=1, transport=transport)


def foreseen(ce_type: str, data: dict[str, Any]) -> Answers:
    events = [{"ce_type": ce_type, "data": data}]
    answer = {"service": "cancellation", "at": NOW.isoformat(), "known": True, "events": events}
    return lambda _request: httpx2.Response(200, json=answer)


async def test_a_document_is_asked_for_as_the_portal_and_for_its_holder() -> None:
    asked: list[httpx2.Request] = []

    def answers(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json=TEXT_OF_ANA)

    found = await documents(answers).read(ANA, "K-1", "text-1")

    assert found == DownloadedDocument(TEXT, "text/plain", hashlib.sha256(TEXT).hexdigest())
    [request] = asked
    assert request.headers["authorization"] == f"Bearer {CREDENTIAL}"
    assert json.loads(request.content) == {
        "contract_number": "K-1",
        "document_id": "text-1",
        "customer_id": "C-ANA",
    }


async def test_bytes_that_are_not_those_that_the_archive_named_are_no_document() -> None:
    other = TEXT_OF_ANA | {"content": base64.b64encode(b"another text").decode()}

    assert await documents(lambda _r: httpx2.Response(200, json=other)).read(ANA, "K", "d") is None


async def test_what_the_archive_does_not_have_for_this_customer_is_not_found() -> None:
    unknown = documents(lambda _request: httpx2.Response(404, json={"faults": []}))

    with pytest.raises(NotFound):
        await unknown.read(ANA, "K-1", "text-1")
    with pytest.raises(NotFound):
        await unknown.read(ANA, "K-1", "x" * 201)


@pytest.mark.parametrize("status", [302, 401, 409, 422, 500, 503])
async def test_a_service_that_gives_no_answer_costs_the_page_that_part_alone(status: int) -> None:
    def answers(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, json={"faults": [{"field": "", "fault": "C-ANA"}]})

    with capture_logs() as logs:
        assert await documents(answers).read(ANA, "K-1", "text-1") is None
        assert await previews(answers).preview("K-1", EVENT, Language.ES) is None

    assert [log["service"] for log in logs] == ["owner", "owner"]
    assert "C-ANA" not in str(logs)


async def test_a_service_that_hangs_costs_its_limit_of_time() -> None:
    async def hangs(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with await asyncio.start_server(hangs, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        owner = RecordOwner("owner", url, ASKS, within_seconds=0.05)
        assert await owner.ask(lambda service: service.sizes()) is None
        await owner.close()


async def test_a_service_of_which_nobody_said_where_it_is_is_not_asked() -> None:
    with capture_logs() as logs:
        assert await ArchiveClient(Settings()).read(ANA, "K-1", "text-1") is None
        assert await Previews(Settings()).preview("K-1", EVENT, Language.ES) is None
    assert logs == []


@pytest.mark.parametrize(
    ("ce_type", "effective_on", "needs_nothing"),
    [
        ("cancellation.scheduled.v1", "2026-12-27", False),
        ("cancellation.evidence_requested.v1", None, False),
        ("cancellation.not_required.v1", None, True),
    ],
)
async def test_a_preview_says_what_the_decision_would_say(
    ce_type: str, effective_on: str | None, needs_nothing: bool
) -> None:
    service = previews(foreseen(ce_type, DECISION))

    found = await service.preview("K-1", EVENT, Language.EN)

    assert found == PreviewedDecision(
        explanation="It ends on the 27th.",
        policy="monthly-notice",
        version="1",
        rule="notice",
        effective_on=effective_on,
        last_billable_on="2026-12-26",
        needs_nothing=needs_nothing,
    )
    await service.close()


async def test_a_decision_without_words_is_no_preview() -> None:
    service = previews(foreseen("cancellation.scheduled.v1", {}))

    assert await service.preview("K-1", EVENT, Language.ES) is None
