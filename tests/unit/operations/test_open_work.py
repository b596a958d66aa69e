"""Open work names the reason why it waits, and since when."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.commands.open_work import FURTHER, _further
from shared.events.states import CancellationStated, InquiryStated
from shared.events.topics import CANCELLATION
from shared.operations.open_work import (
    NAMES,
    Waiting,
    WorkGroup,
    _asked,
    of_inquiries,
    of_renewals,
    of_timers,
    of_work,
    take_file,
    take_inquiry,
)
from shared.operations.service_client import Unreachable, services_at
from shared.runtime.operations.answers import DueRecord

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stated(reference: str, *statuses: str, due: timedelta = -HOUR, **more: Any) -> InquiryStated:
    contracts = [{"contract_number": f"K-{n}", "status": it} for n, it in enumerate(statuses)]
    return InquiryStated.model_validate(
        {
            "inquiry_id": reference,
            "reference": reference,
            "customer_id": "C-1",
            "kind": "cancellation",
            "status": "open",
            "language": "es",
            "queue": "cancellations",
            "opened_at": (NOW - 9 * HOUR).isoformat(),
            "answer_due_at": (NOW + due).isoformat(),
            "contracts": contracts,
            "sequence": 1,
            "version": 1,
            **more,
        }
    )


@pytest.mark.parametrize(
    ("state", "waits_for"),
    [
        (stated("a"), [Waiting.OVERDUE]),
        (stated("a", due=HOUR), []),
        (stated("a", "pending"), [Waiting.OVERDUE]),
        (stated("a", "referred"), [Waiting.OVERDUE, Waiting.REFERRED]),
        (stated("a", "referred", due=HOUR), [Waiting.REFERRED]),
        (stated("a", "evidence_awaited"), [Waiting.AWAITED]),
        (stated("a", "evidence_awaited", "pending"), [Waiting.OVERDUE, Waiting.AWAITED]),
        (stated("a", "scheduled"), []),
    ],
)
def test_an_open_inquiry_waits_for_whoever_acts_next(
    state: InquiryStated, waits_for: list[Waiting]
) -> None:
    assert [it.waiting for it in of_inquiries([state], NOW) if it.count] == waits_for


def test_the_oldest_is_named_and_told_since_when() -> None:
    overdue, *_ = of_inquiries([stated("a"), stated("b", due=-5 * HOUR), stated("c")], NOW)

    assert overdue == WorkGroup(Waiting.OVERDUE, 3, NOW - 5 * HOUR, "b")


def test_only_what_is_open_by_its_last_state_waits() -> None:
    standing: dict[str, InquiryStated] = {}
    for state in (
        stated("a"),
        stated("b"),
        stated("a", status="resolved", version=2, sequence=2),
        stated("b", status="closed", version=3, sequence=3),
        stated("c", status="closed"),
        stated("c", version=2, sequence=2),
    ):
        take_inquiry(standing, state)

    assert [*standing] == ["c"]


def filed(contract: str, *referred: str | None) -> CancellationStated:
    renewals = [
        {
            "invoice_number": f"INV-{number}",
            "issued_on": "2026-06-01",
            "lapses_on": f"2026-08-{15 - number}",
            "lapsed": True,
            "referred": cause,
        }
        for number, cause in enumerate(referred)
    ]
    return CancellationStated.model_validate(
        {
            "contract_number": contract,
            "status": "lapsed",
            "renewals": renewals,
            "sequence": 1,
            "version": 1,
        }
    )


def test_a_renewal_waits_for_a_professional_until_it_is_decided() -> None:
    files: dict[str, CancellationStated] = {}
    for state in (
        filed("K-1", "paid_after_lapse"),
        filed("K-2", None, "payment_reversed"),
        filed("K-3", "payment_reversed"),
        filed("K-3", None),
    ):
        take_file(files, state)

    since = datetime(2026, 8, 13, 22, tzinfo=UTC)
    assert of_renewals(files.values()) == WorkGroup(Waiting.RENEWALS, 2, since, "K-2")


def test_the_command_that_leads_further_is_one_that_a_shell_takes() -> None:
    hostile = WorkGroup(Waiting.UNMADE, 1, NOW, "document K-1;$(reboot)")

    assert _further(hostile) == "desk tail --since 1d --id 'K-1;$(reboot)'"


def test_side_effects_and_timers_are_told_apart_and_what_comes_later_is_no_due_timer() -> None:
    due = [
        DueRecord(kind="notification", id="n-1", what="work", at=NOW + HOUR),
        DueRecord(kind="file", id="K-1", what="timer", at=NOW - HOUR),
        DueRecord(kind="file", id="K-2", what="timer", at=NOW + HOUR),
    ]

    assert of_work(Waiting.UNSENT, due, False) == WorkGroup(
        Waiting.UNSENT, 1, NOW + HOUR, "notification n-1"
    )
    timers = of_timers({"cancellation": (due, True)}, NOW)
    assert timers == WorkGroup(
        Waiting.TIMERS, 1, NOW - HOUR, "cancellation file K-1", at_least=True
    )


async def test_a_service_whose_process_hangs_is_named_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.operations.open_work.ANSWERED_WITHIN_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as stopped:
        addresses = {CANCELLATION: f"http://127.0.0.1:{stopped.getsockname()[1]}"}
        async with services_at(addresses, "secret", [CANCELLATION]) as services:
            answer = await _asked(services[CANCELLATION])

    assert isinstance(answer, Unreachable)
    assert "takes connections and does not answer" in str(answer)


def test_all_that_can_wait_has_a_name_and_a_command() -> None:
    assert set(NAMES) == set(FURTHER) == set(Waiting)
