"""A process that dies between the archive and the document: each entry is in one of them, once."""

from __future__ import annotations

from typing import Any

import pytest

from desk.local.stack import Endpoints
from services.inquiry_intake import service as intake
from services.inquiry_intake.settings import Settings as IntakeSettings
from shared.outage import Outage
from shared.runtime.aggregates import store
from tests.integration.runtime.bounded import Business, Desk, Sent, desk_of
from tests.integration.runtime.test_tombstones import EMAIL, kept, profile, tombstone


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
