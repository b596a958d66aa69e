"""Boards are folded out of states: the last state counts, whatever comes again or late."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any, cast

import pytest

from services.operations_console.boards import (
    FILES,
    FORGOTTEN,
    INQUIRIES,
    Board,
    Boards,
    FileBoard,
    file_keys,
    fold_file,
    fold_inquiry,
    inquiry_keys,
)
from shared.events.envelope import Event, Message
from shared.events.internal import KeyForgotten
from shared.events.states import CancellationStated, InquiryStated
from shared.operations.open_work import Waiting
from tests.builders.console import NOW
from tests.builders.few_documents import FewDocuments


def message(data: Event) -> Message:
    return Message("/services/x", "m", data)


def stated(sequence: int, status: str = "open", *contracts: str) -> Message:
    return message(
        InquiryStated.model_validate(
            {
                "inquiry_id": "i-1",
                "reference": "INQ-1",
                "customer_id": "C-1",
                "kind": "cancellation",
                "status": status,
                "language": "es",
                "queue": "cancellations",
                "opened_at": NOW.isoformat(),
                "answer_due_at": (NOW + timedelta(hours=8)).isoformat(),
                "contracts": [
                    {"contract_number": f"K-{n}", "status": it} for n, it in enumerate(contracts)
                ],
                "sequence": sequence,
                "version": sequence,
            }
        )
    )


def filed(sequence: int, status: str, **more: Any) -> Message:
    standing = {
        "inquiry_id": "i-1",
        "customer_id": "C-1",
        "policy": "refer",
        "policy_version": "1",
        "effective_on": "2026-12-31",
        "last_billable_on": "2026-12-30",
    }
    return message(
        CancellationStated.model_validate(
            {
                "contract_number": "K-1",
                "status": status,
                "cancellation": standing,
                "sequence": sequence,
                "version": sequence,
                **more,
            }
        )
    )


@pytest.mark.parametrize(
    ("contracts", "boards"),
    [
        ((), {Board.OPEN, Board.FOR_THE_DESK}),
        (("pending",), {Board.OPEN, Board.FOR_THE_DESK}),
        (("referred", "scheduled"), {Board.OPEN, Board.FOR_THE_DESK, Board.REFERRED}),
        (("evidence_awaited",), {Board.OPEN, Board.AWAITED}),
        (
            ("evidence_awaited", "referred"),
            {Board.OPEN, Board.FOR_THE_DESK, Board.REFERRED, Board.AWAITED},
        ),
        (("scheduled",), {Board.OPEN}),
    ],
)
def test_an_inquiry_is_on_the_boards_of_what_it_waits_for(
    contracts: tuple[str, ...], boards: set[Board]
) -> None:
    document = fold_inquiry({}, stated(1, "open", *contracts))

    assert {board for board in Board if document.get(board.value)} == boards


def test_the_last_state_counts_in_whatever_order_states_come() -> None:
    states = [stated(1), stated(2, "open", "referred"), stated(3, "closed")]

    for order in permutations(states):
        document: dict[str, Any] = {}
        for it in order:
            document = fold_inquiry(document, it)
        assert document == {"sequence": 3, "version": 3}


def test_nothing_is_kept_of_whom_the_desk_forgets() -> None:
    tombstone = message(KeyForgotten(topic="desk.inquiry-states", key="i-1"))

    gone = fold_inquiry(fold_inquiry({}, stated(1)), tombstone)

    assert gone == FORGOTTEN
    assert fold_inquiry(gone, stated(2)) == FORGOTTEN
    assert [*inquiry_keys(tombstone)] == ["i-1"]
    assert [*file_keys(tombstone)] == []


def test_a_cancellation_waits_for_a_professional_while_it_is_suspended() -> None:
    suspended = fold_file({}, filed(1, "suspended"))

    assert suspended["suspended"]
    assert suspended["effective_on"] == "2026-12-31"
    assert fold_file(suspended, filed(2, "scheduled")) == {"sequence": 2, "version": 2}
    assert fold_file(fold_file({}, filed(2, "scheduled")), filed(1, "suspended")) == {
        "sequence": 2,
        "version": 2,
    }


def test_what_billing_reported_of_a_renewal_waits_for_a_professional_without_any_inquiry() -> None:
    renewal = {
        "invoice_number": "INV-1",
        "issued_on": "2026-06-01",
        "lapses_on": "2026-08-15",
        "lapsed": True,
        "referred": "paid_after_lapse",
    }
    referred = filed(1, "lapsed", renewals=[renewal, renewal | {"referred": None}])

    document = fold_file({}, referred)

    assert document == {
        "sequence": 1,
        "version": 1,
        FileBoard.RENEWALS: True,
        "lapses_on": "2026-08-15",
        "renewals": [renewal],
    }
    assert fold_file(document, filed(2, "lapsed")) == {"sequence": 2, "version": 2}


async def test_a_list_has_pages_that_say_how_many_wait() -> None:
    own = FewDocuments()
    inquiries = own.collection(INQUIRIES)
    for number in range(120):
        document = fold_inquiry({}, stated(1)) | {
            "answer_due_at": NOW + timedelta(minutes=-number),
        }
        await inquiries.insert_one({"_id": f"i-{number}"} | document)
    boards = Boards(lambda name: cast(Any, own.collection(name)))

    pages = [await boards.inquiries(Board.OPEN, first) for first in (0, 50, 100, 7_000)]

    assert [(it.first, len(it.rows), it.before, it.after) for it in pages] == [
        (0, 50, None, 50),
        (50, 50, 0, 100),
        (100, 20, 50, None),
        (0, 50, None, 50),
    ]
    assert [it.rows[0]["_id"] for it in pages] == ["i-119", "i-69", "i-19", "i-119"]
    assert {it.count for it in pages} == {120}


async def test_what_waits_is_counted_with_the_one_whose_target_is_the_earliest() -> None:
    own = FewDocuments()
    inquiries = own.collection(INQUIRIES)
    for number, (state, due) in enumerate(
        [("referred", 3), ("referred", -2), ("evidence_awaited", -5), ("pending", -1)]
    ):
        document = fold_inquiry({}, stated(1, "open", state)) | {
            "reference": f"INQ-{number}",
            "answer_due_at": NOW + timedelta(hours=due),
        }
        await inquiries.insert_one({"_id": f"i-{number}"} | document)

    files = own.collection(FILES)
    await files.insert_one({"_id": "K-1", FileBoard.RENEWALS: True, "lapses_on": "2026-08-15"})

    groups = await Boards(lambda name: cast(Any, own.collection(name))).groups(NOW)

    assert [(it.waiting, it.count, it.oldest) for it in groups] == [
        (Waiting.OVERDUE, 2, "INQ-1"),
        (Waiting.REFERRED, 2, "INQ-1"),
        (Waiting.RENEWALS, 1, "K-1"),
        (Waiting.AWAITED, 1, "INQ-2"),
    ]
    assert groups[0].since == NOW - timedelta(hours=2)
