"""The smallest record of each fault that the fuzzer has found; each once parked an aggregate."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from shared.events.envelope import Event
from shared.events.topics import key_in
from shared.runtime import codec
from shared.runtime.faults import Unreadable
from tests.poison.bases import Bases
from tests.poison.inputs import ROOT, Poison, record_of
from tests.poison.trial import Trial

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


def record(ce_type: str, headers: dict[str, str] | None = None, **fields: Any) -> Poison:
    """The golden example of `ce_type` with these headers and fields instead of its own."""
    draft = Bases(Path(ROOT), NOW).draft_of(ce_type, Random(1), "found", "marked")
    draft.fields |= fields
    draft.key = key_in(ce_type, draft.fields).encode() or b"none"
    for name, value in (headers or {}).items():
        draft.drop(name)
        draft.headers.append((name, value.encode()))
    return record_of(0, "found", draft)


def decided(*records: Poison) -> list[Event]:
    trial = Trial(NOW)
    return [event for record in records for event in trial.decide(record)]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(
            record("cancellation.withdrawal_requested.v1", contract_number='"K\x00'),
            id="a contract number of no form",
        ),
        pytest.param(
            record("cancellation.evidence_given.v1", received_at="0001-01-01T00:00:00+14:00"),
            id="received before the calendar begins in Madrid",
        ),
        pytest.param(
            record("cancellation.evidence_given.v1", received_at="9999-12-31T23:59:59Z"),
            id="received when the calendar has ended in Madrid",
        ),
        pytest.param(
            record("billing.invoice_issued.v1", issued_on="9999-12-31", renewal=True),
            id="a renewal that lapses after the calendar ends",
        ),
        pytest.param(
            record("cancellation.withdrawn.v1", customer_id=""),
            id="a mail about an inquiry for a customer without a name",
        ),
        pytest.param(
            record("customer.access_authorised.v1", email="nowhere", phone=""),
            id="a profile with an address that is none",
        ),
        pytest.param(
            record("agent.referral_decided.v1", {"ce_time": "9999-12-31T23:59:59-14:00"}),
            id="said after the calendar ends",
        ),
    ],
)
def test_it_is_decided_in_every_service(found: Poison) -> None:
    decided(found)


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (
            record("agent.referral_decided.v1", {"ce_time": "2026-01-01T00:00:00"}),
            "header ce_time is not an RFC 3339 instant",
        ),
        (
            record("agent.referral_decided.v1", {"ce_time": "1767225600"}),
            "header ce_time is not an RFC 3339 instant",
        ),
        (
            record("agent.referral_decided.v1", {"ce_correlationid": "-" * 256}),
            "header ce_correlationid is not 1 to 255 printable characters",
        ),
        (
            record("contract.activation_failed.v1", attempts_left=2**63),
            "attempts_left: too_large",
        ),
    ],
)
def test_it_is_refused_before_anyone_decides_it(found: Poison, error: str) -> None:
    with pytest.raises(Unreadable) as fault:
        codec.read(found)
    assert fault.value.error == error


@pytest.mark.parametrize("trace", ["", "-" * 1_000_000, "00-" + "0" * 32])
def test_a_malformed_trace_is_not_carried_on(trace: str) -> None:
    assert (
        codec.read(record("submission.inquiry.v1", {"traceparent": trace})).message.traceparent
        is None
    )


def test_a_sound_trace_is_carried_on() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    read = codec.read(record("submission.inquiry.v1", {"traceparent": trace}))
    assert read.message.traceparent == trace


def test_a_request_that_comes_after_a_timer_of_the_calendars_end_is_taken_in() -> None:
    end = "9999-12-31T23:59:59.999999Z"
    woken = record("timer.due.v1", owner="cancellation", due_at=end, id="V-1")
    asked = record("cancellation.requested.v1", contract_number="V-1")
    assert decided(woken, asked)


@pytest.mark.parametrize("blank", ["", " ", "\u200b"])
@pytest.mark.parametrize(
    ("ce_type", "field"),
    [
        ("inquiry.opened.v1", "inquiry_id"),
        ("cancellation.requested.v1", "contract_number"),
        ("timer.due.v1", "id"),
    ],
)
def test_what_would_name_no_record_is_refused(ce_type: str, field: str, blank: str) -> None:
    """Its record would be woken again and again, by timers that nobody can read."""
    with pytest.raises(Unreadable) as fault:
        codec.read(record(ce_type, None, **{field: blank}))
    assert fault.value.error == "key is not the one that the data has"
