"""The index of cases: each id leads to one case, in whatever order the topics are read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from bson import decode, encode
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import message_uuid
from shared.events.topics import CATALOGUE
from shared.mongo.client import Collection as Entries
from shared.operations.case_index import (
    ID_FIELDS,
    MOST_CHARACTERS,
    MOST_NAMES,
    CaseIndex,
    case_index,
    entry_of,
    record_of,
)
from shared.operations.case_search import Sought
from shared.operations.dead_letters.letter import Original
from shared.runtime.projections.record_index import IndexKeeper
from tests.builders.few_documents import Collection
from tests.unit.operations.test_case_search import (
    ANOTHERS,
    INQUIRY,
    MINE,
    OTHER,
    RECORDS,
    REFERENCE,
    STATE,
    asked,
    record,
)

KEPT = timedelta(days=30)
HASHED = record(
    70,
    "desk.notifications",
    "notification.sent.v1",
    "n-70",
    {"inquiry_id": INQUIRY, "customer_id": "C-1", "recipient_hash": "0a1b2c"},
    by="s-1",
)
NAMED = f"s-1 {INQUIRY} {REFERENCE} K-1 C-1 o-10 d-10 n-10 r-10 u-10 st 0a1b2c n-70"
SECRETS = ("Ana Pérez", "ana@example.test", "El secreto de Ana")
SECRET = {
    "customer_id": "C-1",
    "request_type": "contracts",
    "subject": SECRETS[2],
    "text": SECRETS[2],
    "contact": {"name": SECRETS[0], "email": SECRETS[1]},
}


class Desk:
    """An index over collections in memory."""

    def __init__(self) -> None:
        self.entries, self.tombstones = Collection(), Collection()
        self.keeper = IndexKeeper(
            case_index(KEPT), cast(Entries, self.entries), cast(Entries, self.tombstones)
        )

    async def keep(self, *batches: Iterable[Original]) -> Desk:
        for batch in batches:
            await self.keeper.keep([*batch])
        return self

    async def found(self, named: str) -> set[int]:
        index = CaseIndex(lambda: cast(Entries, self.entries))
        steps, complete = await index.find(Sought(frozenset({named})))
        assert complete
        return {step.place.offset for step in steps if step.place}


def tombstone(topic: str, key: str, at: int) -> Original:
    return Original(topic, 0, at, key.encode(), None, (), at * 1000)


@pytest.mark.parametrize(
    "named",
    NAMED.split(),
)
async def test_each_kind_of_id_finds_the_same_case_and_a_summary_leads_to_it(named: str) -> None:
    desk = await Desk().keep(RECORDS, [HASHED])

    assert await desk.found(named) == {it.offset for it in [*MINE, HASHED]}


@pytest.mark.parametrize("named", ["K", "C-", "s-11", "scheduled", "INQ-7K3MZ"])
async def test_a_part_of_an_id_finds_nothing_in_the_index(named: str) -> None:
    assert await (await Desk().keep(RECORDS)).found(named) == set()


async def test_another_request_for_the_same_contract_belongs_to_the_contract_alone() -> None:
    other = asked(30, "s-2", "K-1", "C-2")
    desk = await Desk().keep(MINE, other)

    assert await desk.found("s-1") & {30, 31, 32, 33} == set()
    assert await desk.found("K-1") == {it.offset for it in [*MINE, *other]}


async def test_an_id_that_a_stranger_wrote_into_many_records_does_not_ask_for_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strangers = [
        record(
            1000 + it,
            "desk.inquiries",
            "inquiry.opened.v1",
            f"o-{it}",
            {"inquiry_id": f"i-{it}"},
            by="s-1",
        )
        for it in range(2 * MOST_NAMES)
    ]
    desk = await Desk().keep(MINE, strangers)
    ids, find = list[str](), desk.entries.find

    def counted(wanted: dict[str, Any]) -> Any:
        ids.extend(wanted["ids"]["$in"])
        return find(wanted)

    monkeypatch.setattr(desk.entries, "find", counted)

    steps, complete = await CaseIndex(lambda: cast(Entries, desk.entries)).find(
        Sought(frozenset({"s-1"}))
    )

    assert MINE[0].offset in {step.place.offset for step in steps if step.place}
    assert not complete
    assert len(ids) <= MOST_NAMES + len({"K-1"})


FORGOTTEN = [tombstone("desk.customers", "C-1", 100), tombstone("desk.inquiry-states", OTHER, 100)]
LATER = record(200, "desk.inquiries", "inquiry.opened.v1", "o-200", {"customer_id": "C-1"})


@given(st.data())
def test_any_order_of_records_with_repeats_in_any_batches_leaves_the_same_entries(
    data: st.DataObject,
) -> None:
    everything: Sequence[Original] = [*RECORDS, HASHED, LATER, *FORGOTTEN]
    order = data.draw(st.permutations(everything))
    repeats = data.draw(st.lists(st.sampled_from(everything), max_size=8))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(order)), max_size=4)))
    edges = [0, *cuts, len(order)]
    batches = [order[a:b] for a, b in pairwise(edges)]

    desk = asyncio.run(Desk().keep(*batches, repeats))
    once = asyncio.run(Desk().keep(everything))

    assert desk.entries.documents == once.entries.documents
    assert desk.tombstones.documents == once.tombstones.documents


@pytest.mark.parametrize("turn", [1, -1], ids=["afterwards", "before"])
async def test_who_is_forgotten_has_no_entries_up_to_then_and_none_of_his_inquiries_has(
    turn: int,
) -> None:
    resolved = record(40, "desk.inquiries", "inquiry.resolved.v1", "e-40", {"inquiry_id": INQUIRY})
    told = [*RECORDS, resolved, LATER, tombstone("desk.customers", "C-1", 100)]

    desk = await Desk().keep(*([it] for it in told[::turn]))

    left = json.dumps([*desk.entries.documents.values()], default=str)
    assert INQUIRY not in left
    assert {it["_id"] for it in desk.entries.documents.values() if "C-1" in it["ids"]} == {
        "desk.inquiries/0/200"
    }
    assert await desk.found("C-2") == {it.offset for it in ANOTHERS}


def test_an_entry_holds_nothing_that_is_hidden() -> None:
    asks = record(1, "desk.submissions", "submission.inquiry.v1", "s-1", SECRET)

    entry = entry_of(asks, KEPT)

    assert entry is not None
    assert [it for it in SECRETS if it in json.dumps(entry, default=str, ensure_ascii=False)] == []
    assert record_of(entry).data["subject"] == "•••"
    assert record_of(entry).inquiries == {str(message_uuid("/channels/web", "s-1"))}


@pytest.mark.parametrize(
    "data",
    [
        {"contract_number": "Ana Pérez", "customer_id": "ana@example.test"},
        {"contract_numbers": ["Ana Pérez"], "quantity": 10**40},
        {"summary": {"es": "x" * MOST_CHARACTERS, "en": "Ana Pérez"}},
    ],
)
def test_what_a_stranger_writes_where_an_id_belongs_is_neither_kept_nor_a_fault(
    data: dict[str, Any],
) -> None:
    entry = entry_of(record(1, "desk.policies", "policy.in_force.v1", "p 1", data), KEPT)

    assert entry is not None
    assert "Ana" not in json.dumps(entry, default=str, ensure_ascii=False)
    assert len(entry["data"]) < MOST_CHARACTERS


def test_a_type_that_the_desk_does_not_know_is_found_by_its_ids_and_nothing_of_it_is_shown() -> (
    None
):
    entry = entry_of(
        record(1, "desk.inquiries", "x.y.v1", "x", SECRET | {"inquiry_id": "i-1"}), KEPT
    )

    assert entry is not None
    assert {"x", "i-1", "C-1"} == {*entry["ids"]}
    assert record_of(entry).fault == "the desk has no such type"


def test_the_summary_of_a_record_repeats_nothing() -> None:
    entry = entry_of(STATE, KEPT)

    assert entry is not None
    assert json.loads(entry["data"]) == {"inquiry_id": INQUIRY}


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.text(),
    st.sampled_from(["Ana Pérez", "\ud800", "\x00", "x" * 300, "i-1"]),
)
VALUES = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
TYPES = sorted(it.ce_type for topic in CATALOGUE for it in topic.events)
DATA = st.dictionaries(st.sampled_from([*ID_FIELDS, "subject", "why", "quantity"]), VALUES)


@given(
    st.sampled_from([topic.name for topic in CATALOGUE]),
    st.sampled_from(TYPES) | st.text(),
    st.builds(lambda data: json.dumps(data).encode(), DATA) | st.binary(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(),
)
def test_no_record_that_anybody_can_write_is_one_that_the_index_cannot_keep(
    topic: str, ce_type: str, value: bytes, timestamp: int, planted: bytes
) -> None:
    """It would come again for ever, and no other record after it."""
    headers = (("ce_type", ce_type.encode(errors="replace")), ("ce_id", planted), (topic, None))
    written = Original(topic, 0, 1, planted, value, headers, timestamp)

    entry = entry_of(written, timedelta(days=36_500))

    assert entry is not None
    encode(entry)
    assert record_of(decode(encode(entry), CodecOptions(tz_aware=True))).place.offset == 1
