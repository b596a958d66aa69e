"""No two inquiries have the same reference, and nobody goes without an answer because of that."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from desk.local.stack import Endpoints
from services.inquiry_intake.service import build
from services.inquiry_intake.settings import Settings
from services.inquiry_intake.submission import validate
from shared.events.reference import parse_reference, reference_of
from shared.mongo.client import Database, connect
from shared.runtime.aggregates.store import Store
from shared.runtime.codec import Envelope
from tests.builders.submissions import CONTACT, SOUND
from tests.integration.runtime.bounded import NOW, Desk, desk_of

SAME = reference_of(UUID(int=7))


def alike(inquiry_id: UUID, attempt: int = 0) -> str:
    return reference_of(inquiry_id, attempt) if attempt else SAME


def question(number: int) -> dict[str, object]:
    said = {"customer_id": f"C-{number}", "channel": "web", "received_at": NOW.isoformat()}
    return said | SOUND["inquiry"] | {"contact": CONTACT}


async def references(desk: Desk) -> list[str]:
    found = desk.database.collection("inquiry").find({}).sort("history.offset", 1)
    return [document["state"]["reference"] async for document in found]


async def test_submissions_whose_references_collide_are_both_answered(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one batch, in a later one, and however often they come again."""
    monkeypatch.setattr(validate, "reference_of", alike)
    async with desk_of(endpoints.mongo_url, build(Settings())) as desk:
        records = [
            desk.record("submission.inquiry.v1", question(number), key=f"C-{number}")
            for number in range(4)
        ]
        await desk.process(*records[:3])
        await desk.process(records[3])
        await desk.process(*records)
        found = await references(desk)
    assert len(found) == len(set(found)) == 4
    assert SAME in found
    assert all(parse_reference(reference) == reference for reference in found)
    assert desk.letters() == []
    opened = {
        item.value
        for item in desk.outgoing
        if isinstance(item, Envelope) and item.type == "inquiry.opened.v1"
    }
    assert len(opened) == 4


async def test_a_database_with_two_alike_from_before_keeps_working(
    endpoints: Endpoints,
) -> None:
    client = connect(endpoints.mongo_url)
    try:
        database = Database(client, f"alike{uuid4().hex[:8]}", journal=False)
        inquiries = database.collection("inquiry")
        await inquiries.create_index([("state.reference", 1)])
        alike = [{"_id": name, "state": {"reference": SAME}} for name in ("a", "b")]
        await inquiries.insert_many(alike)
        store = Store(database, build(Settings()).deciders)
        await store.prepare()
        before = await inquiries.index_information()
        await inquiries.delete_one({"_id": "b"})
        await store.prepare()
        after = await inquiries.index_information()
    finally:
        client.close()
    assert "state.reference_1" in before
    assert "state.reference_unique" not in before
    assert after["state.reference_unique"]["unique"]
    assert "state.reference_1" not in after
