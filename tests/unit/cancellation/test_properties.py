"""A file's invariants hold, whatever comes in whatever order that Kafka allows.

A list of steps is one interleaving of the topics: each topic's messages keep their order in it,
and time passes in between, with or without the clock's timers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cancellation.file import bounds
from services.cancellation.file.decide import PRIVATE_EVENTS, Rules, decide, evolve
from services.cancellation.file.private_events import (
    ContractKnown,
    PaymentNoted,
    PaymentReversalNoted,
)
from services.cancellation.file.state import RequestStatus
from services.cancellation.preview import INQUIRY, preview
from services.cancellation.service import FILE, file_decider
from shared.events.agents import ReferralDecided
from shared.events.cancellations import (
    CancellationEvidenceAwaited,
    CancellationNotRequired,
    CancellationRefused,
    CancellationScheduled,
    CancellationSuspended,
    CancellationTookEffect,
    CancellationWithdrawn,
    RenewalLapsed,
    RenewalReinstated,
)
from shared.events.contracts import ContractRecorded
from shared.events.envelope import Event, Message, Ref
from shared.events.requests import CancellationRequested, ServiceRequest
from shared.events.topics import EVENT_TYPES
from shared.events.values import Channel, SignatureKind, start_of_day
from tests.builders.cancellation import (
    COMPLETE,
    HOLDER,
    MEANS_ONLY,
    NAME_ONLY,
    NUMBER,
    STRANGER,
    Desk,
    approved,
    confirmed,
    contract,
    evidence,
    invoiced,
    paid,
    refused,
    requested,
    reversed_payment,
    signature,
    voided,
    withdrawal,
)
from tests.builders.examples import examples
from tests.builders.stored import fold

FAST = examples(150)
START = datetime(2027, 2, 26, 22, 30, tzinfo=UTC)
TYPES = (
    "monthly_licence",
    "hardware_maintenance",
    "passport_advantage",
    "servicepac",
    "something_else",
)


@dataclass(frozen=True)
class Wait:
    """Time passes; `asleep` clocks send their timers only at the next wait."""

    duration: timedelta
    asleep: bool


Step = Event | Wait
customers = st.sampled_from([HOLDER, HOLDER, HOLDER, STRANGER])
channels = st.sampled_from(Channel)
contacts = st.sampled_from([COMPLETE, NAME_ONLY, MEANS_ONLY])
signatures = st.none() | st.sampled_from(SignatureKind).map(signature)
received = st.integers(-50, 0).map(lambda ago: (START + timedelta(days=ago)).isoformat())
days = st.integers(-100, 100).map(lambda after: START.date() + timedelta(days=after))
iso_days = days.map(date.isoformat)
submitted: dict[str, st.SearchStrategy[Any]] = {
    "customer_id": customers,
    "channel": channels,
    "destruction_confirmed": st.booleans(),
    "signature": signatures,
    "contact": contacts,
}
requests = st.builds(requested, received, requested_end_on=st.none() | days, **submitted)
pieces = st.builds(evidence, received, **submitted)
withdrawals = st.builds(withdrawal, received, customer_id=customers, channel=channels)
contracts = st.builds(
    contract,
    st.sampled_from(TYPES),
    customer_id=customers,
    auto_renewal=st.booleans(),
    starts_on=st.sampled_from([START.date() + timedelta(days=d) for d in (-420, -420, 60, 200)]),
    ends_on=st.none() | days,
)
numbers = st.sampled_from(["F-1", "F-2"])
amounts = st.sampled_from([None, "100.00", "50.00"])
invoices = st.builds(
    invoiced,
    iso_days,
    numbers,
    renewal=st.sampled_from([True, True, False]),
    total=st.sampled_from([None, "100.00", "0.00"]),
    customer_id=customers,
)
payments = (
    st.builds(paid, iso_days, numbers, amounts)
    | st.builds(paid, iso_days, numbers, amounts)
    | st.builds(voided, iso_days, numbers)
    | st.builds(reversed_payment, iso_days, numbers, amounts)
)
decisions = st.builds(
    ReferralDecided,
    contract_number=st.just(NUMBER),
    agent_id=st.just("agent-1"),
    approved=st.booleans(),
    effective_on=st.none() | days,
)
waits = st.builds(
    Wait,
    st.sampled_from([timedelta(seconds=31), timedelta(days=1), timedelta(days=24)]),
    asleep=st.booleans(),
)
billing_messages = st.lists(invoices | payments, max_size=6)
request_messages = st.lists(requests | pieces | withdrawals, max_size=6)
messages = requests | requests | pieces | withdrawals | contracts | invoices | payments | decisions
steps_of_any_kind = st.tuples(
    st.lists(contracts, max_size=1), st.lists(messages | messages | waits, max_size=14)
).map(lambda halves: [*halves[0], *halves[1]])


@dataclass
class Story:
    """A file that went through the steps, with the instant at which each event was decided."""

    desk: Desk = field(default_factory=lambda: Desk(START.isoformat()))
    told_at: list[tuple[datetime, Event]] = field(default_factory=list)
    asked: list[ServiceRequest] = field(default_factory=list)

    def take(self, steps: Sequence[Step], *, first: int = 0) -> Story:
        for number, step in enumerate(steps, first):
            self._take(step, number)
            self._note()
        return self

    def _take(self, step: Step, number: int) -> None:
        match step:
            case Wait(duration=duration, asleep=True):
                self.desk.history.now += duration
            case Wait(duration=duration):
                self.desk.until(self.desk.history.now + duration)
            case ServiceRequest():
                # Every submission is an inquiry of its own, received at or before this moment.
                ago = START - step.received_at
                moved = {"inquiry_id": f"{number}", "received_at": self.desk.history.now - ago}
                self.asked.append(step.model_copy(update=moved))
                self.desk.hears(self.asked[-1], f"{number}")
            case _:
                self.desk.hears(step, f"{number}")

    def _note(self) -> None:
        new = self.desk.all_events[len(self.told_at) :]
        self.told_at += [(self.desk.history.now, event) for event in new]

    def run_all_timers(self) -> Story:
        self.desk.until(self.desk.history.now + timedelta(days=800))
        self._note()
        return self


def story(steps: Sequence[Step]) -> Story:
    return Story().take(steps)


@FAST
@given(steps_of_any_kind)
def test_sequence_counts_public_events_without_gaps(steps: list[Step]) -> None:
    told = story(steps).run_all_timers().desk.public_events

    assert [event.sequence for event in told] == list(range(1, len(told) + 1))


@FAST
@given(steps_of_any_kind)
def test_there_are_never_two_schedules_on_a_contract(steps: list[Step]) -> None:
    standing: str | None = None
    for event in story(steps).run_all_timers().desk.public_events:
        match event:
            case CancellationScheduled():
                assert standing is None
                standing = event.inquiry_id
            case CancellationWithdrawn() if event.inquiry_id == standing:
                standing = None
            case CancellationSuspended() | CancellationNotRequired():
                standing = None if event.inquiry_id == standing else standing


@FAST
@given(steps_of_any_kind)
def test_nothing_takes_effect_unscheduled_after_a_withdrawal_twice_or_before_its_day(
    steps: list[Step],
) -> None:
    standing: CancellationScheduled | None = None
    for at, event in story(steps).run_all_timers().told_at:
        match event:
            case CancellationScheduled():
                standing = event
            case CancellationWithdrawn() | CancellationSuspended() | CancellationNotRequired() if (
                standing and event.inquiry_id == standing.inquiry_id
            ):
                standing = None
            case CancellationTookEffect():
                assert standing is not None
                assert (event.inquiry_id, event.effective_on) == (
                    standing.inquiry_id,
                    standing.effective_on,
                )
                assert at >= start_of_day(event.effective_on)
                standing = None
    assert standing is None


@FAST
@given(steps_of_any_kind)
def test_a_schedule_keeps_its_notice_and_its_last_billable_day(steps: list[Step]) -> None:
    for event in story(steps).desk.public_events:
        if isinstance(event, CancellationScheduled):
            assert event.effective_on >= event.notice_ends_on
            assert event.complete_on >= event.received_on
            assert event.last_billable_on == event.effective_on - timedelta(days=1)


@FAST
@given(contracts, st.lists(contracts | invoices | payments | waits, max_size=12))
def test_a_paid_renewal_never_lapses_and_none_lapses_twice(
    first: ContractRecorded, steps: list[Step]
) -> None:
    told = story([first, *steps]).run_all_timers()
    lapsed = [event for event in told.desk.public_events if isinstance(event, RenewalLapsed)]

    assert len({(event.invoice_number, event.issued_on) for event in lapsed}) == len(lapsed)
    for event in lapsed:
        before = told.desk.all_events[: told.desk.all_events.index(event)]
        reversals = {e.invoice_number for e in before if isinstance(e, PaymentReversalNoted)}
        assert not [
            payment
            for payment in before
            if isinstance(payment, PaymentNoted)
            and payment.invoice_number == event.invoice_number
            and payment.amount is None
            and payment.invoice_number not in reversals
            and event.issued_on - timedelta(days=31) <= payment.paid_on <= event.effective_on
        ]


@FAST
@given(steps_of_any_kind)
def test_once_all_timers_have_run_every_submission_is_answered(steps: list[Step]) -> None:
    told = story(steps).run_all_timers()
    named = {e.inquiry_id for e in told.desk.public_events}
    named |= {e.answers_inquiry_id for e in told.desk.public_events}

    assert {asked.inquiry_id for asked in told.asked} <= named


@FAST
@given(steps_of_any_kind)
def test_once_all_timers_have_run_only_professionals_are_waited_for(steps: list[Step]) -> None:
    told = story(steps).run_all_timers()
    requests_left = told.desk.file.requests if told.desk.file else ()

    done = {
        RequestStatus.REFERRED,
        RequestStatus.SCHEDULED,
        RequestStatus.SETTLED,
        RequestStatus.NOTICE,
    }
    assert {r.status for r in requests_left} <= done
    assert told.desk.due_at is None


@FAST
@given(steps_of_any_kind)
def test_what_is_awaited_ends(steps: list[Step]) -> None:
    told = story(steps).run_all_timers()
    ends = {
        "cancellation.scheduled.v1",
        "cancellation.already_scheduled.v1",
        "cancellation.expired.v1",
        "cancellation.withdrawn.v1",
        # Only if the registry changed the contract's type or holder in the meantime:
        "cancellation.not_required.v1",
        "cancellation.referred.v1",
    }
    for place, event in enumerate(told.desk.public_events):
        if isinstance(event, CancellationEvidenceAwaited):
            later = told.desk.public_events[place + 1 :]
            assert {e.ce_type for e in later if e.inquiry_id == event.inquiry_id} & ends


@FAST
@given(steps_of_any_kind)
def test_professionals_can_close_all_that_is_left(steps: list[Step]) -> None:
    told = story(steps).run_all_timers()
    for _ in range(len(told.asked)):
        told.desk.hears(approved())
    for _ in range(len(told.asked)):  # what a contract that has ended leaves nothing to approve of
        told.desk.hears(refused())

    assert told.desk.file is None or told.desk.file.referred() == ()


@FAST
@given(steps_of_any_kind)
def test_the_file_is_what_its_events_add_up_to(steps: list[Step]) -> None:
    told = story(steps).run_all_timers()

    assert fold(file_decider(told.desk.rules), told.desk.all_events) == told.desk.file


@FAST
@given(steps_of_any_kind)
def test_only_catalogued_and_private_events_happen(steps: list[Step]) -> None:
    private = {event.ce_type for event in PRIVATE_EVENTS}

    for event in story(steps).desk.all_events:
        assert event.ce_type in EVENT_TYPES or event.ce_type in private


@FAST
@given(steps_of_any_kind, st.randoms(use_true_random=False))
def test_repeating_any_message_at_any_later_point_changes_nothing(
    steps: list[Step], chance: Any
) -> None:
    plain, repeated = Story(), Story()
    sent: list[tuple[Event, str]] = []
    for number, step in enumerate(steps):
        plain.take([step], first=number)
        repeated.take([step], first=number)
        if isinstance(step, Event):
            sent.append(
                (repeated.asked[-1] if isinstance(step, ServiceRequest) else step, f"{number}")
            )
        for again, message_id in chance.sample(sent, k=min(2, len(sent))):
            assert repeated.desk.hears(again, message_id) == []

    assert repeated.desk.file == plain.desk.file
    assert repeated.desk.all_events == plain.desk.all_events


@FAST
@given(steps_of_any_kind, messages)
def test_deciding_is_a_pure_function(steps: list[Step], event: Event) -> None:
    told = story(steps)
    file, now, message = told.desk.file, told.desk.history.now, Message("/test", "x", event)
    before = file.model_dump_json() if file else None

    assert decide(Rules(), message, file, now) == decide(Rules(), message, file, now)
    assert (file.model_dump_json() if file else None) == before


@FAST
@given(contracts, billing_messages, request_messages, st.randoms(use_true_random=False))
def test_invoices_and_requests_commute(
    facts: ContractRecorded,
    bills: list[Event],
    asked: list[Event],
    shuffle: Any,
) -> None:
    numbered = [
        step.model_copy(update={"inquiry_id": f"asked-{place}"}) for place, step in enumerate(asked)
    ]
    mixed = _interleaved(bills, numbered, shuffle)

    assert _after(facts, [*bills, *numbered]) == _after(facts, mixed)
    assert _after(facts, [*numbered, *bills]) == _after(facts, mixed)


def _interleaved(left: list[Event], right: list[Event], shuffle: Any) -> list[Event]:
    sides = [0] * len(left) + [1] * len(right)
    shuffle.shuffle(sides)
    queues = (iter(left), iter(right))
    return [next(queues[side]) for side in sides]


def _after(facts: ContractRecorded, events: list[Event]) -> Any:
    desk = Desk(START.isoformat(), facts, *events)
    return desk.file


@FAST
@given(requests, contracts)
def test_a_request_and_its_contracts_record_commute_within_the_grace_time(
    asked: CancellationRequested, facts: ContractRecorded
) -> None:
    record_first = Desk(START.isoformat(), facts, asked)
    request_first = Desk(START.isoformat(), asked, facts)
    record_first.until(START + timedelta(seconds=30))
    request_first.until(START + timedelta(seconds=30))

    assert record_first.public_events == request_first.public_events


@FAST
@given(request_messages, request_messages, st.randoms(use_true_random=False))
def test_files_of_different_contracts_do_not_touch_each_other(
    mine: list[Event], others: list[Event], shuffle: Any
) -> None:
    elsewhere = [event.model_copy(update={"contract_number": "LIC-9"}) for event in others]
    alone = Desk(START.isoformat(), *mine)
    together = Desk(START.isoformat(), *_interleaved(mine, elsewhere, shuffle))

    assert together.file == alone.file
    assert together.all_events == alone.all_events
    assert together.history.states.get(Ref(FILE, "LIC-9")) == _moved(
        Desk(START.isoformat(), *others).file
    )


def _moved(file: Any) -> Any:
    return file and file.model_copy(update={"contract_number": "LIC-9"})


@FAST
@given(contracts, steps_of_any_kind, st.booleans(), st.booleans(), st.none() | days)
def test_preview_is_what_deciding_a_web_request_gives(
    facts: ContractRecorded,
    steps: list[Step],
    confirms: bool,
    signs: bool,
    wanted: date | None,
) -> None:
    told = story([facts, *steps])
    file, now = told.desk.file, told.desk.history.now
    assert file is not None
    assert file.contract is not None
    asked = confirmed(
        now.isoformat(),
        INQUIRY,
        customer_id=file.contract.customer_id,
        destruction_confirmed=confirms,
        signature=signature() if signs else None,
        requested_end_on=wanted,
    )

    previewed = preview(
        told.desk.rules,
        file,
        NUMBER,
        now,
        destruction_confirmed=confirms,
        signed=signs,
        requested_end_on=wanted,
    )

    assert previewed == told.desk.hears(asked)


@FAST
@given(steps_of_any_kind)
def test_evolving_depends_on_the_events_alone(steps: list[Step]) -> None:
    told = story(steps)
    folded = None
    for event in told.desk.all_events:
        folded = evolve(folded, event)

    assert folded == told.desk.file


@FAST
@given(steps_of_any_kind)
def test_nothing_is_charged_after_the_last_day_that_is_on_record(steps: list[Step]) -> None:
    last_day: date | None = None
    for event in story(steps).run_all_timers().desk.all_events:
        match event:
            case ContractKnown(ends_on=None) | ContractKnown(auto_renewal=True):
                last_day = None
            case ContractKnown(starts_on=starts_on, ends_on=ends_on):
                contradictory = starts_on and ends_on and ends_on < starts_on
                last_day = None if contradictory else ends_on
            case CancellationScheduled() | CancellationTookEffect() if last_day is not None:
                assert event.last_billable_on <= last_day


@FAST
@given(steps_of_any_kind)
def test_what_was_withdrawn_takes_effect_only_if_it_is_scheduled_again(steps: list[Step]) -> None:
    ended: set[str | None] = set()
    for event in story(steps).run_all_timers().desk.public_events:
        match event:
            case CancellationTookEffect():
                assert event.inquiry_id not in ended
            case CancellationScheduled():
                ended.discard(event.inquiry_id)
            case CancellationWithdrawn() | CancellationSuspended() | CancellationRefused():
                ended.add(event.inquiry_id)


@FAST
@given(contracts, st.randoms(use_true_random=False), st.integers(0, 30))
def test_what_was_paid_in_time_and_reported_within_31_days_never_stays_lapsed(
    facts: ContractRecorded, chance: Any, late: int
) -> None:
    issued_on = START.date() - timedelta(days=75 + late)
    mine: list[Event] = [
        facts.model_copy(update={"customer_id": HOLDER, "starts_on": date(2026, 1, 1)}),
        invoiced(issued_on.isoformat(), "MINE", total="100.00"),
        paid((issued_on + timedelta(days=75)).isoformat(), " mine ", "40.00"),
        paid((issued_on + timedelta(days=1)).isoformat(), "mine", "60.00"),
    ]
    chance.shuffle(mine)
    desk = Desk((START - timedelta(days=1)).isoformat())
    for event in mine:
        desk.hears(event)
        desk.until(START)
    desk.until(START + timedelta(days=200))

    told = [e for e in desk.public_events if getattr(e, "invoice_number", None) == "MINE"]
    standing = [e for e in told if isinstance(e, RenewalLapsed | RenewalReinstated)]
    assert not standing or isinstance(standing[-1], RenewalReinstated)


@FAST
@given(steps_of_any_kind)
def test_compacting_changes_no_answer(steps: list[Step]) -> None:
    small = {"SETTLED_KEPT": 3, "RENEWALS_KEPT": 3, "PAYMENTS_KEPT": 6, "VOIDS_KEPT": 6}
    with pytest.MonkeyPatch.context() as patched:
        for name, bound in small.items():
            patched.setattr(bounds, name, bound)
        compacted = story(steps).run_all_timers().desk
    plain = story(steps).run_all_timers().desk

    assert compacted.public_events == plain.public_events
    assert fold(file_decider(compacted.rules), compacted.all_events) == compacted.file
