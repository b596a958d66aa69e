"""The portal's documents: the same whatever the order in which the topics are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from services.customer_portal import projections
from services.customer_portal.projections import submission_key
from shared.events.cancellations import CancellationScheduled, CancellationWithdrawn
from shared.events.contracts import ContractCopyReady, ContractStatus, CustomerRegistered
from shared.events.envelope import Event, Message
from shared.events.error_codes import ErrorCode, field_error
from shared.events.inquiries import (
    Actor,
    ClosedBy,
    InquiryClosed,
    InquiryKind,
    InquiryOpened,
    InquiryProgressed,
    InquiryReopened,
    InquiryResolved,
)
from shared.events.internal import KeyForgotten, TimerDue
from shared.events.notifications import NotificationSent
from shared.events.policies import PolicyInForce
from shared.events.states import (
    CancellationStated,
    CancellationStatus,
    ContractStated,
    InquiryStated,
    InquiryStatus,
)
from shared.events.submissions import SubmissionRejected
from shared.events.topics import TOPIC_OF
from shared.events.values import Bilingual, Channel, Contact, Language
from shared.runtime.projections.fold import Placed, folded
from shared.runtime.projections.projection import Projection

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
PORTAL = "/services/customer_portal"
NOTE = Bilingual(es="nota", en="note")
BY_NAME = {it.name: it for it in projections.PROJECTIONS}


def documents(projection: Projection, *topics: list[Event | KeyForgotten]) -> dict[str, Any]:
    """Folds these topics, read one after the other, to documents without positions."""
    found: dict[str, Any] = {}
    for events in topics:
        for offset, event in enumerate(events):
            at = NOW + timedelta(seconds=offset)
            message = Message("/x", f"{event.ce_type}-{offset}", event, time=at)
            topic = event.topic if isinstance(event, KeyForgotten) else TOPIC_OF[event.ce_type].name
            for key in projection.keys(message):
                placed = Placed(topic, 0, offset, message)
                found[key] = folded(found.get(key), key, [placed], projection.fold)
    return {
        key: {name: value for name, value in it.items() if not name.startswith("_")}
        for key, it in found.items()
    }


def opened(inquiry: str = "i-1") -> InquiryOpened:
    return InquiryOpened(
        inquiry_id=inquiry,
        submission_id="s-1",
        submission_source=PORTAL,
        reference="INQ-1",
        kind=InquiryKind.INQUIRY,
        customer_id="C-1",
        channel=Channel.WEB,
        subject="Asunto",
        queue="contracts",
        opened_at=NOW,
        answer_due_at=NOW,
        contact=Contact(email="a@example.test"),
        language=Language.ES,
        contract_numbers=(),
    )


def stated(version: int, status: InquiryStatus) -> InquiryStated:
    return InquiryStated(
        sequence=version,
        version=version,
        inquiry_id="i-1",
        reference="INQ-1",
        customer_id="C-1",
        kind=InquiryKind.INQUIRY,
        status=status,
        language=Language.ES,
        queue="contracts",
        opened_at=NOW,
        answer_due_at=NOW,
    )


def test_an_inquiry_is_the_same_whatever_topic_is_read_first() -> None:
    life: list[Event] = [
        opened(),
        InquiryProgressed(
            inquiry_id="i-1", status="answered", note=NOTE, by=Actor.AGENT, text="Hola"
        ),
        InquiryClosed(inquiry_id="i-1", by=ClosedBy.CUSTOMER),
        InquiryReopened(inquiry_id="i-1", by=ClosedBy.CUSTOMER, answer_due_at=NOW),
    ]
    mails: list[Event] = [
        NotificationSent(
            notification_id="n",
            template="inquiry_opened",
            recipient_hash="",
            customer_id="C-1",
            inquiry_id="i-1",
            attempts=1,
        )
    ]
    states: list[Event] = [stated(1, InquiryStatus.OPEN), stated(4, InquiryStatus.OPEN)]

    found = [
        documents(BY_NAME["inquiries"], *order) for order in permutations([life, mails, states])
    ]

    assert all(it == found[0] for it in found)
    inquiry = found[0]["i-1"]
    assert inquiry["status"] == "open"
    assert [it["type"] for it in inquiry["entries"]] == [it.ce_type for it in life[1:]]
    assert inquiry["mails"] == {"n": ["inquiry_opened", True]}
    assert inquiry["stated"]["version"] == 4


def test_a_rejection_is_found_under_the_submission_that_it_answers() -> None:
    error = field_error("subject", ErrorCode.MISSING, {ErrorCode.MISSING: NOTE})
    rejected = SubmissionRejected(
        submission_id="s-9", submission_source=PORTAL, customer_id="C-1", errors=(error,)
    )

    found = documents(BY_NAME["inquiries"], [rejected])

    assert found[submission_key(PORTAL, "s-9")]["rejected"][0]["field"] == "subject"


def test_the_answer_to_a_follow_up_is_found_under_the_follow_up_too() -> None:
    answer = InquiryClosed(
        inquiry_id="i-1", by=ClosedBy.CUSTOMER, submission_id="s-2", submission_source=PORTAL
    )

    found = documents(BY_NAME["inquiries"], [opened(), answer])

    assert found["i-1"]["status"] == "closed"
    assert found[submission_key(PORTAL, "s-2")]["answers"] == "i-1"


def contract(version: int, status: ContractStatus, customer: str = "C-1") -> ContractStated:
    return ContractStated(
        sequence=version,
        version=version,
        contract_number="K-1",
        customer_id=customer,
        type="monthly_licence",
        title="Licencia",
        starts_on="2025-01-01",
        auto_renewal=True,
        status=status,
    )


def decision(sequence: int, kind: type[Any], **more: Any) -> Any:
    return kind(
        contract_number="K-1",
        customer_id="C-1",
        inquiry_id="i-1",
        sequence=sequence,
        policy="monthly-notice",
        policy_version="1",
        rule="r",
        explanation=NOTE,
        **more,
    )


def test_a_contract_is_the_same_whatever_topic_is_read_first() -> None:
    day = "2026-12-27"
    facts: list[Event] = [
        contract(1, ContractStatus.ACTIVE),
        contract(3, ContractStatus.CANCELLATION_SCHEDULED),
    ]
    files: list[Event] = [
        CancellationStated(
            sequence=2, version=5, contract_number="K-1", status=CancellationStatus.NONE
        )
    ]
    decisions: list[Event] = [
        decision(
            1,
            CancellationScheduled,
            received_on=day,
            complete_on=day,
            notice_ends_on=day,
            effective_on=day,
            last_billable_on=day,
        ),
        decision(2, CancellationWithdrawn, withdrawn_on=day),
    ]

    found = [
        documents(BY_NAME["contracts"], *order)["K-1"]
        for order in permutations([facts, files, decisions])
    ]

    assert all(it == found[0] for it in found)
    assert found[0]["facts"]["status"] == "cancellation_scheduled"
    assert [it["sequence"] for it in found[0]["decisions"]] == [1, 2]


def test_a_state_that_comes_again_does_not_bring_back_what_was() -> None:
    newest = contract(3, ContractStatus.ENDED)

    found = documents(BY_NAME["contracts"], [newest, contract(1, ContractStatus.ACTIVE)])

    assert found["K-1"]["facts"]["status"] == "ended"


def test_a_contract_belongs_to_the_holder_that_its_newest_state_names() -> None:
    old, new = contract(1, ContractStatus.ACTIVE), contract(2, ContractStatus.ACTIVE, "C-2")

    assert documents(BY_NAME["contracts"], [old, new])["K-1"]["customer_id"] == "C-2"


def test_of_a_forgotten_customer_it_is_known_that_there_was_one_and_nothing_else() -> None:
    profile = CustomerRegistered(
        customer_id="C-1",
        name="Ana",
        email="Ana@Example.test",
        phone="1",
        company="X",
        country="ES",
        consents=(),
        registered_at=NOW,
    )

    assert documents(BY_NAME["customers"], [profile])["C-1"]["address"] == "ana@example.test"
    forgotten = KeyForgotten(topic="desk.customers", key="C-1")
    assert documents(BY_NAME["customers"], [profile, forgotten])["C-1"] == {"forgotten": True}


def forgetting(topic: str, key: str) -> KeyForgotten:
    return KeyForgotten(topic=topic, key=key)


def test_a_forgotten_inquiry_stays_forgotten_whatever_topic_is_read_first() -> None:
    life: list[Event | KeyForgotten] = [opened()]
    states: list[Event | KeyForgotten] = [
        stated(1, InquiryStatus.OPEN),
        forgetting("desk.inquiry-states", "i-1"),
    ]

    found = [documents(BY_NAME["inquiries"], *order) for order in permutations([life, states])]

    assert [it["i-1"] for it in found] == [{"forgotten": True}] * 2


def test_what_one_topic_forgets_of_a_contract_leaves_what_another_says() -> None:
    facts: list[Event | KeyForgotten] = [contract(1, ContractStatus.ACTIVE)]
    files: list[Event | KeyForgotten] = [
        CancellationStated(
            sequence=2, version=5, contract_number="K-1", status=CancellationStatus.NONE
        ),
        forgetting("desk.cancellation-states", "K-1"),
    ]

    found = [documents(BY_NAME["contracts"], *order) for order in permutations([facts, files])]

    assert found[0] == found[1]
    assert found[0]["K-1"]["facts"]["status"] == "active"
    assert "cancellation" not in found[0]["K-1"]


def test_a_forgotten_contract_belongs_to_nobody() -> None:
    facts: list[Event | KeyForgotten] = [
        contract(1, ContractStatus.ACTIVE),
        forgetting("desk.contract-states", "K-1"),
    ]

    assert documents(BY_NAME["contracts"], facts)["K-1"] == {}


def test_a_record_that_comes_again_changes_nothing() -> None:
    inquiries = BY_NAME["inquiries"]
    progressed = InquiryProgressed(
        inquiry_id="i-1", status="answered", note=NOTE, by=Actor.AGENT, text="Hola"
    )
    placed = [
        Placed("desk.inquiries", 0, offset, Message("/x", str(offset), event, time=NOW))
        for offset, event in enumerate((opened(), progressed))
    ]
    once = folded(None, "i-1", placed, inquiries.fold)

    assert folded(once, "i-1", placed, inquiries.fold) == once
    assert (
        folded(folded(None, "i-1", placed[:1], inquiries.fold), "i-1", placed, inquiries.fold)[
            "entries"
        ]
        == once["entries"]
    )
    elsewhere = Placed("desk.inquiries", 1, 0, Message("/x", "e", progressed, time=NOW))
    assert len(folded(once, "i-1", [elsewhere], inquiries.fold)["entries"]) == 2


def progressed(text: str) -> InquiryProgressed:
    return InquiryProgressed(
        inquiry_id="i-1", status="answered", note=NOTE, by=Actor.CUSTOMER, text=text
    )


def test_a_conversation_of_the_longest_messages_fits_into_a_document() -> None:
    longest = "\N{GRINNING FACE}" * 10_000
    document: dict[str, Any] = {"mails": {}}
    for number in range(projections.MOST_ENTRIES):
        message = Message("/x", str(number), progressed(longest), time=NOW)
        document = projections.fold_inquiry(document, message)

    kept = document["entries"]
    assert len(kept) == projections.MOST_CHARACTERS // len(longest)
    assert kept[-1]["id"] == str(projections.MOST_ENTRIES - 1)
    assert sum(len(it["text"].encode()) for it in kept) < 8 * 1024 * 1024


def test_a_conversation_of_short_messages_keeps_the_newest() -> None:
    document: dict[str, Any] = {}
    for number in range(projections.MOST_ENTRIES + 3):
        message = Message("/x", str(number), progressed("Hola"), time=NOW)
        document = projections.fold_inquiry(document, message)

    assert [it["id"] for it in document["entries"]] == [
        str(number) for number in range(3, projections.MOST_ENTRIES + 3)
    ]


def test_an_inquiry_keeps_so_many_mails_and_its_confirmation() -> None:
    document: dict[str, Any] = {}
    for number in range(projections.MOST_MAILS + 1):
        mail = NotificationSent(
            notification_id=f"n-{number}",
            template="inquiry_opened" if number == 0 else "answer",
            recipient_hash="",
            customer_id="C-1",
            inquiry_id="i-1",
            attempts=1,
        )
        document = projections.fold_inquiry(document, Message("/x", "m", mail, time=NOW))

    assert len(document["mails"]) == projections.MOST_MAILS
    assert document["mails"]["n-0"] == ["inquiry_opened", True]


def test_lists_are_sorted_and_filtered_by_what_the_inquiry_says_and_answers_are_in_none() -> None:
    closed = InquiryClosed(inquiry_id="i-1", by=ClosedBy.CUSTOMER)
    rejected = SubmissionRejected(
        submission_id="s-2",
        submission_source=PORTAL,
        customer_id="C-1",
        errors=(field_error("text", ErrorCode.MISSING, {ErrorCode.MISSING: NOTE}),),
    )

    by_events = documents(BY_NAME["inquiries"], [opened(), closed])["i-1"]
    by_state = documents(BY_NAME["inquiries"], [stated(1, InquiryStatus.CLOSED)])["i-1"]
    [answer] = documents(BY_NAME["inquiries"], [rejected]).values()

    for found in (by_events, by_state):
        assert (found["standing"], found["reference"]) == ("closed", "INQ-1")
        assert found["listed_at"] == "2026-11-27T10:00:00Z"
    assert "standing" not in answer


# What every topic says

ELSEWHERE = TimerDue(owner="contract_archive", due_at=NOW, id="K-1", kind="contract")
"""Of a topic that no page shows."""


def test_an_answered_inquiry_is_resolved_and_its_note_is_in_the_conversation() -> None:
    resolved = InquiryResolved(inquiry_id="i-1", note=NOTE)

    found = documents(BY_NAME["inquiries"], [opened(), resolved])["i-1"]

    assert found["status"] == "resolved"
    assert [it["note"] for it in found["entries"]] == [NOTE.model_dump()]


def copy_ready(number: int) -> ContractCopyReady:
    return ContractCopyReady(
        contract_number="K-1",
        customer_id="C-1",
        inquiry_id="i-1",
        document_id=f"d-{number}",
        sha256="0" * 64,
        available_until=NOW,
    )


def test_a_copy_is_found_with_its_inquiry_and_with_its_contract() -> None:
    ready = copy_ready(1)

    inquiry = documents(BY_NAME["inquiries"], [opened()], [ready])["i-1"]
    contract = documents(BY_NAME["contracts"], [ready])["K-1"]

    assert inquiry["document"]["document_id"] == "d-1"
    assert [it["document_id"] for it in contract["copies"]] == ["d-1"]
    assert contract["copies"][0]["customer_id"] == "C-1"
    assert "sha256" not in str(contract)


def test_a_contract_keeps_so_many_copies_the_newest() -> None:
    copies: list[Event | KeyForgotten] = [copy_ready(number) for number in range(30)]

    found = documents(BY_NAME["contracts"], copies)["K-1"]["copies"]

    assert [it["document_id"] for it in found] == [f"d-{number}" for number in range(10, 30)]


def policy(version: str) -> PolicyInForce:
    return PolicyInForce(
        policy="monthly-notice",
        version=version,
        holds_from=NOW.date(),
        terms={"notice_days": 30},
        summary=NOTE,
    )


def test_the_policy_in_force_is_the_last_one_said_until_it_is_forgotten() -> None:
    said = documents(BY_NAME["policies"], [policy("1"), policy("2")])
    gone = documents(
        BY_NAME["policies"],
        [policy("1"), KeyForgotten(topic="desk.policies", key="monthly-notice")],
    )

    assert said["monthly-notice"]["version"] == "2"
    assert gone == {"monthly-notice": {}}


@pytest.mark.parametrize("name", list(BY_NAME))
def test_what_a_projection_does_not_show_leaves_its_documents_as_they_are(name: str) -> None:
    document, said = {"customer_id": "C-1"}, Message("/x", "1", ELSEWHERE, time=NOW)

    assert list(BY_NAME[name].keys(said)) == []
    assert BY_NAME[name].fold(document, said) == document
