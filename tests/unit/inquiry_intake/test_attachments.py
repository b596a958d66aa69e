"""Intake's replica of attachments: described by a channel, kept or refused by the archive."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from services.inquiry_intake.replicas import AttachmentReplica, evolve_attachment
from shared.events.documents import DocumentKept, DocumentReceived, DocumentRefused
from shared.events.envelope import Event

HASH = "ab" * 32
DESCRIBED = {
    "document_id": "d-1",
    "customer_id": "C-1",
    "file_name": "carta.pdf",
    "media_type": "application/pdf",
    "size": 1200,
    "sha256": HASH,
}


def received(**other: Any) -> DocumentReceived:
    said = DESCRIBED | {"purpose": "inquiry", "link": "/attachments/d-1"}
    said |= {"expires_at": "2026-12-01T10:00:00Z"} | other
    return DocumentReceived.model_validate(said)


KEPT = DocumentKept(
    document_id="d-1", customer_id="C-1", media_type="application/pdf", size=1200, sha256=HASH
)
REFUSED = DocumentRefused.model_validate(
    {"document_id": "d-1", "customer_id": "C-1", "cause": "not_as_described"}
)
AFTER: dict[str, tuple[tuple[Event, ...], dict[str, Any]]] = {
    "received": ((received(),), DESCRIBED),
    "in_capitals": ((received(sha256=HASH.upper()),), DESCRIBED),
    "kept": ((received(), KEPT), DESCRIBED | {"standing": "kept"}),
    "refused": (
        (received(), REFUSED),
        DESCRIBED | {"standing": "refused", "cause": "not_as_described"},
    ),
    "claimed_twice": (
        (received(), received(customer_id="C-2", file_name="otra.pdf", sha256="cd" * 32), KEPT),
        DESCRIBED | {"standing": "kept"},
    ),
    "settled_twice": ((received(), KEPT, REFUSED), DESCRIBED | {"standing": "kept"}),
    "without_a_claim": (
        (KEPT,),
        {name: it for name, it in DESCRIBED.items() if name != "file_name"} | {"standing": "kept"},
    ),
    "refused_without_a_claim": (
        (REFUSED,),
        {
            "document_id": "d-1",
            "customer_id": "C-1",
            "standing": "refused",
            "cause": "not_as_described",
        },
    ),
    "the_claim_comes_last": ((KEPT, received()), DESCRIBED | {"standing": "kept"}),
}


@pytest.mark.parametrize("case", AFTER)
def test_an_attachment_is_as_first_described_and_as_first_settled(case: str) -> None:
    events, expected = AFTER[case]
    nothing: AttachmentReplica | None = None

    found = reduce(evolve_attachment, events, nothing)

    assert found is not None
    assert found.model_dump(mode="json", exclude_none=True) == {"standing": "awaited"} | expected
