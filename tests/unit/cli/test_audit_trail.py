"""`desk verify` finds every way in which a record can disagree with its history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any, cast

import pytest
from rich.console import Console

from desk.commands.verify import show
from services.cancellation.file.decide import Rules
from services.cancellation.service import file_decider
from shared.mongo.client import Database, Document
from shared.runtime import codec
from shared.runtime.aggregates.store import Store
from shared.runtime.verification import Verification, begins_late, faults_of
from tests.builders.cancellation import NUMBER, Desk, confirmed, contract, requested

DECIDER = file_decider(Rules())
STORE = Store(cast(Database, None), [DECIDER])


def document() -> Document:
    """A scheduled cancellation's file, as the store keeps it: one history entry per event."""
    desk = Desk("2027-03-01", contract(), confirmed("2027-03-01"), requested("2027-03-02", "two"))
    assert desk.file is not None
    entries = [
        {
            "message_id": f"/test message-{number}",
            "digest": "d",
            "events": [{"id": f"e-{number}", "type": event.ce_type, "data": codec.dump(event)}],
        }
        for number, event in enumerate(desk.all_events)
    ]
    return {"_id": NUMBER, "state": desk.file.model_dump(mode="json"), "history": entries}


def faults(stored: Document, archived: tuple[Document, ...] = ()) -> list[str]:
    return list(faults_of(STORE, DECIDER, stored, [*archived, *stored["history"]]))


def test_a_sound_record_has_no_faults() -> None:
    assert faults(document()) == []


def test_a_record_that_only_holds_ignored_messages_is_sound() -> None:
    ignored = {"message_id": "/test m", "digest": "d", "events": []}

    assert faults({"_id": NUMBER, "state": None, "history": [ignored]}) == []


def test_a_changed_state_is_found_and_its_field_named() -> None:
    stored = document()
    stored["state"]["sequence"] = 7

    [fault] = faults(stored)

    assert fault == "the stored state is not what the history adds up to (differs in sequence)"


def test_a_lost_decision_is_found_by_its_number_too() -> None:
    stored = document()
    del stored["history"][2]

    assert "sequence 2 where 1 was due" in faults(stored)


@pytest.mark.parametrize(
    ("name", "told"),
    [("message_id", "1 message id(s) occur more than once, the first: /test message-0 d")],
)
def test_a_repeated_message_is_found(name: str, told: str) -> None:
    stored = document()
    stored["history"][1][name] = stored["history"][0][name]

    assert faults(stored) == [told]


def test_a_repeated_event_id_is_found() -> None:
    stored = document()
    stored["history"][1]["events"][0]["id"] = "e-0"

    assert faults(stored) == ["1 event id(s) occur more than once, the first: e-0"]


def test_missing_archived_entries_are_found() -> None:
    stored = document() | {"archived": 1}

    assert "entries of the archived history are missing" in faults(stored)


def test_archived_entries_count_as_history() -> None:
    stored = document()
    archived = stored["history"].pop(0)
    stored["archived"] = 1

    assert faults(stored, (archived,)) == []


NOW = datetime(2027, 6, 1, tzinfo=UTC)


def shortened(*, gone: int) -> tuple[Document, list[Document]]:
    """A record with two archived entries, decided 400 and 10 days ago, of which `gone` are gone."""
    stored = document()
    ages = (400, 10)
    archived = [
        {**stored["history"].pop(0), "number": number, "at": NOW - timedelta(days=ages[number])}
        for number in (0, 1)
    ]
    return stored | {"archived": 2}, [*archived[gone:], *stored["history"]]


@pytest.mark.parametrize(
    ("gone", "kept_days", "late"),
    [
        (0, 100, False),
        (1, 100, True),
        (1, None, False),
        (2, 5, True),
        (0, 5, False),
    ],
)
def test_entries_may_only_be_missing_from_the_beginning_and_where_they_expire(
    gone: int, kept_days: int | None, late: bool
) -> None:
    stored, history = shortened(gone=gone)
    expired_before = None if kept_days is None else NOW - timedelta(days=kept_days)

    assert begins_late(stored, history, expired_before) is late


def test_a_lasting_entry_before_a_gap_shows_that_the_missing_one_did_not_expire() -> None:
    stored, [first, _second, *kept] = shortened(gone=0)
    young = first | {"at": NOW}

    assert not begins_late(stored, [young, *kept], NOW - timedelta(days=100))


def test_what_is_left_of_an_expired_history_is_checked_but_not_folded() -> None:
    stored, history = shortened(gone=1)
    twice = [*history, history[-1]]
    expired_before = NOW - timedelta(days=100)

    assert list(faults_of(STORE, DECIDER, stored, history, expired_before)) == []
    assert len(list(faults_of(STORE, DECIDER, stored, twice, expired_before))) >= 1


def test_a_history_that_cannot_be_read_is_told_without_its_data() -> None:
    stored = document()
    broken: dict[str, Any] = stored["history"][0]["events"][0]
    broken["data"] = {"name": "Cliente de Prueba"}

    [fault] = faults(stored)

    assert fault.startswith("the history cannot be folded: ValidationError")
    assert "Cliente" not in fault


def test_of_endless_faults_the_first_thousand_are_kept() -> None:
    found = Verification("cancellation", "file")
    for number in range(1_500):
        found.note(f"fault {number}")

    assert (found.fault_count, len(found.faults)) == (1_500, 1_000)


@pytest.mark.parametrize(
    ("expired", "said"),
    [
        (0, ["Every record follows from its history."]),
        (2, ["2 histories no longer begin", "Every record whose history is whole follows"]),
    ],
)
def test_the_verdict_says_what_could_not_be_checked(expired: int, said: list[str]) -> None:
    out = Console(file=StringIO(), width=200)

    show([Verification("cancellation", "file", aggregates=3, expired=expired)], out)

    assert isinstance(out.file, StringIO)
    assert [line for line in said if line not in out.file.getvalue()] == []
