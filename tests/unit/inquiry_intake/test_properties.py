"""Intake's invariants hold in every order that Kafka allows (order per topic and key is kept)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from services.inquiry_intake.inquiry.state import INQUIRY, Inquiry, InquiryStanding
from shared.events.contracts import ContractCopyDenied, ContractCopyReady
from shared.events.envelope import Event, Message, Ref
from shared.events.inquiries import ClosedBy, InquiryClosed, InquiryOpened
from shared.events.reference import parse_reference
from tests.builders.examples import examples
from tests.builders.submissions import (
    DECISIONS,
    NUMBER,
    OTHER_NUMBER,
    RULES,
    SOUND,
    STRANGER_ID,
    agent_answers,
    agent_routes,
    contract_answer,
    decision,
    follow_up,
    inquiry_id_of,
    intake,
    mail,
    registered,
    submission,
)
from tests.fakes.memory_stage import MemoryStage

ANSWERS = {"submission.rejected.v1", "inquiry.opened.v1", "follow_up.accepted"}
FEW = examples(100)

Lane = list[Message]
"""Messages of one topic and key: their order is kept."""

slots = st.sampled_from(["s-1", "s-2", "s-3"])
inquiry_ids = slots.map(inquiry_id_of)
numbers = st.sampled_from([NUMBER, OTHER_NUMBER])
texts = st.sampled_from([None, "Más", "Gracias"])


@st.composite
def submissions(draw: st.DrawFn) -> Message:
    """Sound and faulty ones, under ids of which some are used more than once."""
    customer_id = draw(st.sampled_from(["C-0001", "C-0001", STRANGER_ID]))
    if draw(st.booleans()):
        return submission(
            draw(st.sampled_from(sorted(SOUND))),
            draw(slots),
            customer_id=customer_id,
            received_at=draw(st.sampled_from(["2026-03-02T10:59:00+01:00"] * 4 + ["yesterday"])),
        )
    return follow_up(
        draw(inquiry_ids),
        draw(st.sampled_from(["f-1", "f-2", "f-3", "s-3"])),
        text=draw(texts),
        close=draw(st.booleans()),
        customer_id=customer_id,
    )


@st.composite
def decisions(draw: st.DrawFn, number: str) -> Lane:
    """One contract's decisions in their sequence, of any kind, to any of the inquiries."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(DECISIONS),
                inquiry_ids,
                st.none() | inquiry_ids,
            ),
            max_size=5,
        )
    )
    return [
        decision(of, sequence, number, inquiry_id, answers)
        for sequence, (of, inquiry_id, answers) in enumerate(drawn, start=1)
    ]


@st.composite
def agents_and_mails(draw: st.DrawFn, index: int) -> Lane:
    """One message, a lane of its own."""
    inquiry_id, yes = draw(inquiry_ids), draw(st.booleans())
    return [
        draw(
            st.sampled_from(
                [
                    agent_answers(resolve=yes, message_id=f"a-{index}", inquiry_id=inquiry_id),
                    agent_routes(inquiry_id=inquiry_id),
                    mail(delivered=yes, message_id=f"n-{index}", inquiry_id=inquiry_id),
                    contract_answer(ContractCopyReady, inquiry_id),
                    contract_answer(ContractCopyDenied, inquiry_id),
                    registered(inquiry_id, f"r-{index}"),
                ]
            )
        )
    ]


@st.composite
def interleaved(draw: st.DrawFn, lanes: Sequence[Lane]) -> list[Message]:
    """Any merge of the lanes that keeps each one's order."""
    turns = [index for index, lane in enumerate(lanes) for _ in lane]
    queues = [iter(lane) for lane in lanes]
    return [next(queues[turn]) for turn in draw(st.permutations(turns))]


@st.composite
def traffic(draw: st.DrawFn) -> list[Message]:
    """Everything that intake may receive, in an order that Kafka allows."""
    sent: Lane = draw(st.lists(submissions(), min_size=1, max_size=7))
    lanes = [
        sent,
        draw(decisions(NUMBER)),
        draw(decisions(OTHER_NUMBER)),
        *(draw(agents_and_mails(index)) for index in range(draw(st.integers(0, 5)))),
    ]
    kinds = draw(st.lists(st.sampled_from([*sorted(SOUND), *["cancellation"] * 4]), max_size=3))
    begun = [submission(kind, f"s-{slot}") for slot, kind in enumerate(kinds, start=1)]
    return [*begun, *draw(interleaved(lanes))]


def inquiries(history: MemoryStage) -> list[Inquiry]:
    states = [state for ref, state in history.states.items() if ref.kind == INQUIRY]
    return [state for state in states if state is not None]


def counted(history: MemoryStage) -> dict[Ref, Counter[str]]:
    """The events of every record, whatever their order."""
    return {
        ref: Counter(f"{event.ce_type} {event.model_dump_json()}" for event in events)
        for ref, events in history.happened.items()
    }


@FEW
@given(messages=traffic(), data=st.data())
def test_repeating_messages_changes_nothing(messages: list[Message], data: st.DataObject) -> None:
    once = intake(*messages)
    again = data.draw(st.lists(st.sampled_from(messages), max_size=5))

    repeated = intake(*messages)
    assert repeated.receive(*again) == []

    assert repeated.states == once.states
    assert counted(repeated) == counted(once)


@FEW
@given(messages=traffic(), data=st.data())
def test_a_message_delivered_twice_in_the_middle_counts_once(
    messages: list[Message], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(messages) - 1))
    doubled = [*messages[: at + 1], messages[at], *messages[at + 1 :]]

    assert intake(*doubled).states == intake(*messages).states


@FEW
@given(traffic())
def test_every_submission_has_exactly_one_answer(messages: list[Message]) -> None:
    history = intake()
    seen: set[str] = set()
    for message in messages:
        events = history.receive(message)
        answers = [event for event in events if event.ce_type in ANSWERS]
        identity = f"{message.id} {message.data}"
        expected = 1 if message.type.startswith("submission.") and identity not in seen else 0
        assert len(answers) == expected
        seen.add(identity)


@FEW
@given(traffic())
def test_the_desk_closes_an_inquiry_only_when_all_its_contracts_are_settled(
    messages: list[Message],
) -> None:
    history = intake()
    for message in messages:
        history.receive(message)
        for state in inquiries(history):
            assert state.status is not InquiryStanding.CLOSED or state.settled
            assert not state.question_open or state.status is InquiryStanding.OPEN


def told_to_the_customer(history: MemoryStage) -> list[list[Event]]:
    return [events for ref, events in history.happened.items() if ref.kind == INQUIRY]


@FEW
@given(traffic())
def test_an_inquiry_is_opened_once_and_before_anything_else_is_told(
    messages: list[Message],
) -> None:
    for events in told_to_the_customer(intake(*messages)):
        told = [event.ce_type for event in events if event.ce_type.startswith("inquiry.")]
        assert told == [] or told[0] == "inquiry.opened.v1"
        assert told.count("inquiry.opened.v1") <= 1


@FEW
@given(traffic())
def test_closing_and_reopening_by_the_desk_alternate(messages: list[Message]) -> None:
    for events in told_to_the_customer(intake(*messages)):
        closed = False
        for event in events:
            if isinstance(event, InquiryClosed) and event.by is ClosedBy.DESK:
                assert not closed
                closed = True
            elif event.ce_type == "inquiry.reopened.v1":
                closed = False


@FEW
@given(messages=traffic(), minutes=st.integers(0, 60 * 24 * 400))
def test_every_inquiry_has_a_reference_and_a_target_in_staffed_time(
    messages: list[Message], minutes: int
) -> None:
    history = intake()
    history.now += timedelta(minutes=minutes)
    events = history.receive(*messages)
    opened = [event for event in events if isinstance(event, InquiryOpened)]

    for inquiry in opened:
        assert parse_reference(inquiry.reference) == inquiry.reference
        assert inquiry.answer_due_at > inquiry.opened_at
        assert RULES.calendar.is_staffed(inquiry.answer_due_at - timedelta(microseconds=1))
    assert len({event.reference for event in opened}) == len({event.inquiry_id for event in opened})


@FEW
@given(messages=traffic(), data=st.data())
def test_messages_to_different_records_commute(
    messages: list[Message], data: st.DataObject
) -> None:
    history = intake()
    at = data.draw(st.integers(0, len(messages) - 1))
    swapped = [*messages[:at], *messages[at + 1 : at + 2], messages[at], *messages[at + 2 :]]
    touched = [set(refs(history, message)) for message in messages[at : at + 2]]
    assume(not set.intersection(*touched) or len(touched) == 1)

    one_way, other_way = intake(*messages), intake(*swapped)

    assert one_way.states == other_way.states
    assert counted(one_way) == counted(other_way)


def refs(history: MemoryStage, message: Message) -> tuple[Ref, ...]:
    route = history.service.route(message)
    return (*route.decides, *route.reads)


@FEW
@given(traffic())
def test_every_record_follows_from_its_history(messages: list[Message]) -> None:
    history = intake(*messages)

    assert history.folded == history.states


@FEW
@given(traffic())
def test_deciding_is_a_pure_function(messages: list[Message]) -> None:
    assert intake(*messages).happened == intake(*messages).happened
