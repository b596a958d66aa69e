"""Operators see all attachments of an inquiry, and get the bytes of its own customer's alone."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from shared.operations.attachments import NamedAttachment, attachments_of, bytes_of
from shared.operations.cases import Case, Moment
from shared.operations.errors import AttachmentDiffers, NoSuchAttachment
from shared.operations.service_client import ServiceClient
from shared.runtime.operations.answers import History

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
CONTENT = b"%PDF-1.7 carta"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
STATES: dict[str, dict[str, Any]] = {
    "d-1": {
        "document_id": "d-1",
        "customer_id": "C-1",
        "file_name": "carta.pdf",
        "media_type": "application/pdf",
        "size": len(CONTENT),
        "sha256": SHA256,
        "standing": "kept",
        "cause": None,
    },
    "d-2": {
        "document_id": "d-2",
        "customer_id": "C-1",
        "standing": "refused",
        "cause": "not_allowed",
    },
    "d-3": {
        "document_id": "d-3",
        "customer_id": "C-2",
        "file_name": "ajena.pdf",
        "standing": "kept",
    },
}


def history(kind: str, name: str, state: dict[str, Any]) -> History:
    return History(
        service="inquiry_intake",
        kind=kind,
        id=name,
        version=1,
        state=state,
        entries_in_all=0,
        entries=(),
    )


def case(*named: tuple[str, ...]) -> Case:
    moments = [
        Moment(NOW, "inquiry_intake", "inquiry.progressed.v1", {"documents": [*documents]})
        for documents in named
    ]
    silent = Moment(NOW, "inquiry_intake", "mail.sent", {"documents": None})
    return Case(history("inquiry", "i-1", {"customer_id": "C-1"}), [silent, *moments])


class Desk:
    """Intake and the archive, as they answer on their internal ports."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.asked: list[dict[str, Any]] = []
        self._content = content

    def client(self, name: str) -> ServiceClient:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        return ServiceClient(name, f"http://{name}.test", http)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/history":
            named = request.url.params["id"]
            if named not in STATES:
                return httpx2.Response(404)
            found = history("attachment", named, STATES[named])
            return httpx2.Response(200, text=found.model_dump_json())
        self.asked.append(json.loads(request.content))
        if self.asked[-1] != {"document_id": "d-1", "customer_id": "C-1"}:
            return httpx2.Response(404)
        answer = {
            "service": "contract_archive",
            "media_type": "application/pdf",
            "sha256": hashlib.sha256(self._content).hexdigest(),
            "content": base64.urlsafe_b64encode(self._content).decode(),
        }
        return httpx2.Response(200, json=answer)


async def test_everything_named_is_told_once_in_order_and_another_customers_only_by_its_id() -> (
    None
):
    named = case(("d-1", "d-3"), ("d-2", "d-1", "d-4"))

    found = await attachments_of(named, Desk().client("intake"))

    assert found == [
        NamedAttachment(**{name: STATES["d-1"][name] for name in NamedAttachment.__slots__}),
        NamedAttachment("d-3"),
        NamedAttachment("d-2", "refused", "not_allowed"),
        NamedAttachment("d-4"),
    ]


async def test_bytes_are_asked_for_the_inquirys_own_customer() -> None:
    desk, named = Desk(), case(("d-1",))
    attachments = await attachments_of(named, desk.client("intake"))

    assert await bytes_of(named, attachments, "d-1", desk.client("archive")) == CONTENT
    assert desk.asked == [{"document_id": "d-1", "customer_id": "C-1"}]


@pytest.mark.parametrize(
    ("document_id", "standing"),
    [("d-9", None), ("d-2", "refused"), ("d-3", "unknown"), ("d-4", "unknown")],
)
async def test_what_the_inquiry_does_not_name_or_the_archive_does_not_keep_is_said(
    document_id: str, standing: str | None
) -> None:
    desk, named = Desk(), case(("d-1", "d-2", "d-3", "d-4"))
    attachments = await attachments_of(named, desk.client("intake"))

    with pytest.raises(NoSuchAttachment) as refused:
        await bytes_of(named, attachments, document_id, desk.client("archive"))

    assert (refused.value.document_id, refused.value.standing) == (document_id, standing)
    assert bool(desk.asked) is (standing is not None), "nobody is asked for what it does not name"


async def test_bytes_of_another_hash_than_the_channel_named_are_not_handed_on() -> None:
    desk, named = Desk(b"%PDF-1.7 otra"), case(("d-1",))
    attachments = await attachments_of(named, desk.client("intake"))

    with pytest.raises(AttachmentDiffers):
        await bytes_of(named, attachments, "d-1", desk.client("archive"))
