"""Whatever a record holds, it is read or refused unquoted, and decided without a fault."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.contract_docs.goldens import read_goldens
from shared.events.topics import EVENT_TYPES, TOPIC_OF
from shared.runtime import codec
from shared.runtime.dead_letters import DeadLetter
from shared.runtime.faults import Unreadable
from tests.builders.examples import examples
from tests.poison.bases import READ, Bases, Header, Mix
from tests.poison.inputs import KINDS, MARK, ROOT, Poison, poison, record_of
from tests.poison.trial import Mails, Trial, built, decide_anew

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
LONGEST_ERROR = 2_000
SERVICES = built()
BUSY = Mix(customers=50, with_email=0.8)

BASES = Bases(ROOT, NOW)
READ_TYPES = [ce_type for ce_type, golden in read_goldens(ROOT).items() if golden.topic in READ]

every_kind = pytest.mark.parametrize("kind", KINDS)


def refusal(record: Poison) -> Unreadable | None:
    """Why the record cannot be read, None if it can. Anything else that is raised is a defect."""
    try:
        codec.read(record)
    except Unreadable as fault:
        return fault
    return None


def readable(records: Iterable[Poison]) -> list[Poison]:
    return [record for record in records if refusal(record) is None]


def some(kind: str, count: int) -> list[Poison]:
    return list(islice(poison(7, NOW, only=kind), count))


@every_kind
def test_a_record_is_read_or_refused_and_the_refusal_quotes_nothing(kind: str) -> None:
    faults = [fault for record in some(kind, 60) if (fault := refusal(record))]
    errors = "".join(fault.error for fault in faults)
    assert MARK not in errors
    assert errors.isprintable()
    assert max((len(fault.error) for fault in faults), default=0) <= LONGEST_ERROR


@every_kind
def test_what_can_be_read_can_be_decided_in_an_empty_aggregate_and_stored(kind: str) -> None:
    for record in readable(some(kind, 60)):
        decide_anew(SERVICES, record, NOW)


@pytest.mark.parametrize("ce_type", sorted(READ_TYPES))
def test_whatever_names_nobody_leads_to_nothing_that_its_readers_would_bury(ce_type: str) -> None:
    for number, invisible in enumerate(("\u200b", "\u202e\u2066")):
        whole = BASES.draft_of(ce_type, Random(number), "one", MARK)
        for name in [name for name, value in whole.fields.items() if isinstance(value, str)]:
            draft = BASES.draft_of(ce_type, Random(number), "one", MARK)
            draft.fields[name] = invisible
            record = record_of(number, name, draft)
            if refusal(record) is None:
                decide_anew(SERVICES, record, NOW)


def test_what_can_be_read_can_be_decided_after_anything_that_came_before() -> None:
    trial = Trial(NOW)
    for record in readable(islice(poison(11, NOW, mix=BUSY), 3_000)):
        trial.decide(record)


def test_every_mail_that_is_due_can_be_written() -> None:
    trial = Trial(NOW)
    for record in readable(islice(poison(13, NOW, mix=BUSY), 3_000)):
        trial.decide(record)
    assert Mails().write(trial.states_of("notification")) >= 10


def test_the_same_seed_gives_the_same_records() -> None:
    assert list(islice(poison(3, NOW), 200)) == list(islice(poison(3, NOW), 200))


def test_a_few_thousand_records_are_of_all_kinds() -> None:
    kinds = {record.kind for record in islice(poison(5, NOW), 3_000)}
    assert kinds >= KINDS.keys()


raw: st.SearchStrategy[bytes | None] = st.none() | st.binary(max_size=300)
any_header: st.SearchStrategy[Header] = st.tuples(st.text(max_size=20), raw)


@examples(500)
@given(
    sound=st.sampled_from(some("texts", 200)),
    value=st.none() | st.binary(max_size=300),
    cut=st.integers(0, 4_000),
    extra=st.lists(any_header, max_size=4),
    key=raw,
)
def test_bytes_by_chance_within_and_behind_a_value_are_read_or_refused(
    sound: Poison, value: bytes | None, cut: int, extra: list[Header], key: bytes | None
) -> None:
    body = None if value is None else (sound.value or b"")[:cut] + value
    headers = (*sound.headers, *extra)
    record = Poison(0, "bytes", sound.topic, key, body, headers)
    fault = refusal(record)
    if fault is None:
        decide_anew(SERVICES, record, NOW)
    else:
        assert MARK not in fault.error
        assert DeadLetter(record, "x", fault.reason, fault.error, NOW).headers


def a_source_of(ce_type: str) -> str:
    """One from which the type is read."""
    topic = TOPIC_OF[ce_type]
    writer = topic.writer_of(ce_type)
    return topic.takes_from[0] if writer is None else f"/services/{writer}"


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@examples(300)
@given(ce_type=st.sampled_from(sorted(EVENT_TYPES)), data=st.data())
def test_fields_of_any_type_are_read_or_refused_and_what_is_read_is_decided(
    ce_type: str, data: st.DataObject
) -> None:
    names = sorted(EVENT_TYPES[ce_type].model_fields)
    fields = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(names, any_json)))
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"any"),
        ("ce_source", a_source_of(ce_type).encode()),
        ("ce_type", ce_type.encode()),
    )
    value = json.dumps(fields).encode()
    record = Poison(0, "any", TOPIC_OF[ce_type].name, b"C-1", value, headers)
    if refusal(record) is None:
        decide_anew(SERVICES, record, NOW)
