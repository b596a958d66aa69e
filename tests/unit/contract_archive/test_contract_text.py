"""A contract's text is issued, approved, viewed and accepted (F1)."""

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from services.contract_archive.contract.issue_text import text_id, text_of
from services.contract_archive.contract.private_events import TextApproved, TextViewed
from services.contract_archive.contract.public_state import public_state
from services.contract_archive.contract.state import ContractState
from services.contract_archive.settings import Settings
from services.contract_archive.worker import keep_document
from shared.events.agents import AgentActionRefused
from shared.events.contracts import (
    ContractAcceptanceDenied,
    ContractAccepted,
    ContractRecorded,
    ContractTextIssued,
)
from shared.events.envelope import Event, Message
from shared.events.internal import DocumentStored
from shared.events.requests import ContractAcceptanceRequested
from shared.events.topics import TOPIC_OF, key_of
from shared.events.values import Authentication, Money, Period
from tests.builders.archive import (
    GRACE,
    HOLDER,
    NOW,
    NUMBER,
    RULES,
    STRANGER,
    Archive,
    acceptance_requested,
    authorisation,
    cancellation_took_effect,
    recorded,
    registration,
    terminated,
    text_approved,
    types,
    unlocked,
    view_reported,
)
from tests.builders.archive_files import Files, due_work

DAY = timedelta(days=1)
WITH_ACCESS = (registration(), authorisation())
FIRST, SECOND = text_id(NUMBER, 1), text_id(NUMBER, 2)
CHANGED = recorded(title="Otro título")
FACTS = ContractRecorded(
    contract_number=NUMBER,
    customer_id=HOLDER,
    type="software_maintenance",
    title="Mantenimiento\nde  Prueba",
    starts_on=date(2026, 1, 1),
    ends_on=date(2026, 12, 31),
    auto_renewal=True,
    price=Money(amount=Decimal("1234.5"), currency="EUR"),
    period=Period.YEAR,
)
TEXT = """\
TEXTO DEL CONTRATO
Texto n.º 3
Número de contrato: MT-2026/0001
Descripción: Mantenimiento de Prueba
Tipo: Mantenimiento de software
Número de cliente: C-0001
Fecha de inicio: 1 de enero de 2026
Fecha de fin: 31 de diciembre de 2026
Renovación automática: Sí
Precio: 1.234,50 €
Periodicidad: Anual

CONTRACT TEXT
Text no. 3
Contract number: MT-2026/0001
Description: Mantenimiento de Prueba
Type: Software maintenance
Customer number: C-0001
Start date: 1 January 2026
End date: 31 December 2026
Automatic renewal: Yes
Price: €1,234.50
Billing period: Yearly
"""


def with_text(*more: Event) -> Archive:
    return Archive(RULES, recorded(), *WITH_ACCESS, *more)


def approved(*more: Event) -> Archive:
    return with_text(text_approved(FIRST), *more)


def text_sha256(archive: Archive) -> str:
    assert archive.contract.text is not None
    return archive.contract.text.sha256


def accepts(
    archive: Archive, inquiry_id: str = "inq-acc", **more: Any
) -> ContractAcceptanceRequested:
    """Accepts the contract's current text."""
    return acceptance_requested(inquiry_id, text_sha256=text_sha256(archive), **more)


def issued(events: list[Event]) -> list[ContractTextIssued]:
    return [event for event in events if isinstance(event, ContractTextIssued)]


def denial(events: list[Event]) -> ContractAcceptanceDenied:
    (denied,) = (event for event in events if isinstance(event, ContractAcceptanceDenied))
    return denied


# The text


def test_a_text_says_every_fact_in_both_languages_and_its_number() -> None:
    """Issued texts are made again from their facts: never change what this expects."""
    assert text_of(FACTS, 3).decode() == TEXT


def test_a_terminated_contracts_text_says_so() -> None:
    ended = FACTS.model_copy(update={"terminated_on": date(2026, 3, 1)})
    text = text_of(ended, 1).decode()

    assert "Terminado con efecto desde: 1 de marzo de 2026" in text
    assert "Terminated with effect from: 1 March 2026" in text


def test_a_first_record_is_followed_by_text_number_one() -> None:
    events = Archive().receive(recorded())

    facts = events[0]
    assert isinstance(facts, ContractRecorded)
    assert issued(events) == [
        ContractTextIssued(
            contract_number=NUMBER,
            customer_id=HOLDER,
            document_id=FIRST,
            version=1,
            sha256=hashlib.sha256(text_of(facts, 1)).hexdigest(),
        )
    ]
    assert TOPIC_OF["contract.text_issued.v1"].name == "desk.contracts"


CHANGES = {
    "title": CHANGED,
    "customer": recorded(customer_id=STRANGER),
    "type": recorded(type="something else"),
    "start": recorded(starts_on=date(2026, 1, 2)),
    "end": recorded(ends_on=date(2027, 1, 1)),
    "renewal": recorded(auto_renewal=True),
    "price": recorded(price={"amount": "1.00", "currency": "EUR"}),
    "period": recorded(period="year"),
    "termination": terminated(date(2026, 6, 1)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_facts_have_a_text_of_the_next_number_that_nobody_approved(change: Event) -> None:
    archive = approved()
    first = text_sha256(archive)

    (text,) = issued(archive.receive(change))

    assert (text.version, text.document_id) == (2, SECOND)
    assert text.sha256 != first
    assert archive.contract.text is not None
    assert archive.contract.text.approved is False


def test_repeated_facts_have_no_new_text() -> None:
    assert issued(with_text().receive(recorded())) == []


def test_facts_that_come_back_have_a_new_number_and_another_digest() -> None:
    archive = with_text()
    first = text_sha256(archive)

    archive.receive(CHANGED)
    (text,) = issued(archive.receive(recorded()))

    assert text.version == 3
    assert text.sha256 != first


def test_a_contract_of_an_earlier_release_has_a_text_once_its_record_changes() -> None:
    archive = with_text()
    (ref,) = (ref for ref in archive.states if ref.id == NUMBER)
    stored = archive.contract.model_dump(mode="json", exclude={"text"})
    stored["facts"].pop("acceptable")
    archive.stage.put(ref, ContractState.model_validate(stored))

    assert archive.receive(recorded()) == []
    assert archive.contract.text is None
    assert [text.version for text in issued(archive.receive(CHANGED))] == [1]


@pytest.mark.parametrize(
    ("before", "record", "acceptable"),
    [
        ((), recorded(), True),
        ((), recorded(starts_on=NOW.date() + DAY), True),
        ((), recorded(ends_on=NOW.date()), True),
        ((), recorded(ends_on=NOW.date() - DAY), False),
        ((), recorded(ends_on=NOW.date() - DAY, auto_renewal=True), True),
        ((recorded(), cancellation_took_effect(1)), CHANGED, False),
        ((recorded(ends_on=NOW.date() - DAY),), recorded(ends_on=NOW.date() + DAY), True),
        ((recorded(),), terminated(NOW.date()), False),
    ],
)
def test_a_record_says_whether_the_contract_can_be_accepted(
    before: tuple[Event, ...], record: Event, acceptable: bool
) -> None:
    events = Archive(RULES, *before).receive(record)

    (facts,) = (event for event in events if isinstance(event, ContractRecorded))
    assert facts.acceptable is acceptable


# Approved


def test_an_agents_approval_is_kept_with_who_gave_it() -> None:
    archive = with_text()

    assert archive.receive(text_approved(FIRST)) == [
        TextApproved(contract_number=NUMBER, document_id=FIRST, agent_id="agent-1")
    ]


def test_a_second_approval_changes_nothing() -> None:
    assert approved().receive(text_approved(FIRST)) == []


@pytest.mark.parametrize(
    ("before", "document_id", "field", "code"),
    [
        ((), FIRST, "contract_number", "contract_unknown"),
        ((recorded(),), "doc-other", "document_id", "text_not_current"),
        ((recorded(), CHANGED), FIRST, "document_id", "text_not_current"),
        ((recorded(),), SECOND, "document_id", "text_not_current"),
    ],
)
def test_a_faulty_approval_is_answered_to_its_agent_and_approves_nothing(
    before: tuple[Event, ...], document_id: str, field: str, code: str
) -> None:
    archive = Archive(RULES, *before)

    (refused,) = archive.receive(text_approved(document_id), "act-1")

    assert isinstance(refused, AgentActionRefused)
    assert (refused.action_id, refused.agent_id) == ("act-1", "agent-1")
    assert [(error.field, error.code) for error in refused.errors] == [(field, code)]
    assert (TOPIC_OF[refused.ce_type].name, key_of(refused)) == ("desk.rejections", "agent-1")
    assert archive.contract.text is None or not archive.contract.text.approved


@pytest.mark.parametrize("other", [text_approved(SECOND), unlocked()])
def test_another_act_under_a_used_id_is_refused_and_not_done(other: Event) -> None:
    archive = with_text(CHANGED)
    archive.receive(text_approved(FIRST), "act-1")

    [refused] = archive.stage.receive(Message("/channels/test", "act-1", other))

    assert isinstance(refused, AgentActionRefused)
    assert [(error.field, error.code) for error in refused.errors] == [("ce_id", "id_reused")]
    assert archive.contract.text is not None
    assert not archive.contract.text.approved


# Viewed


@pytest.mark.parametrize("document_id", [FIRST, SECOND])
def test_a_view_of_the_current_or_an_earlier_text_is_kept_in_the_history(document_id: str) -> None:
    archive = with_text(CHANGED)
    before = archive.contract

    assert archive.receive(view_reported(document_id)) == [
        TextViewed(
            contract_number=NUMBER, customer_id=HOLDER, document_id=document_id, viewed_at=NOW
        )
    ]
    assert archive.contract == before


VIEWS_OF_NOTHING = {
    "unknown contract": (Archive(RULES, *WITH_ACCESS), view_reported(FIRST)),
    "no access": (Archive(RULES, recorded(), registration()), view_reported(FIRST)),
    "a stranger": (
        with_text(registration(STRANGER), authorisation(STRANGER)),
        view_reported(FIRST, STRANGER),
    ),
    "no text of the contract": (with_text(), view_reported("doc-other")),
    "a text to come": (with_text(), view_reported(SECOND)),
}


@pytest.mark.parametrize(("archive", "view"), VIEWS_OF_NOTHING.values(), ids=VIEWS_OF_NOTHING)
def test_any_other_view_is_not_kept(archive: Archive, view: Event) -> None:
    assert archive.receive(view) == []


# Accepted

PROOF = Authentication(method="otp", level="substantial", at=NOW, reference="TX-1")


def test_the_current_approved_text_is_accepted_by_its_digest() -> None:
    archive = approved()
    archive.receive(accepts(archive, authentication=PROOF))

    (told,) = archive.work()

    assert isinstance(told, ContractAccepted)
    assert (told.text_bound, told.text_document_id) == (True, FIRST)
    assert told.text_sha256 == text_sha256(archive)
    assert told.authentication == PROOF


def test_without_a_digest_no_approval_is_needed_and_the_acceptance_is_bound_to_no_text() -> None:
    archive = with_text(acceptance_requested(authentication=PROOF))

    (told,) = archive.work()

    assert isinstance(told, ContractAccepted)
    assert (told.text_bound, told.text_document_id, told.text_sha256) == (False, None, None)
    assert told.authentication == PROOF


@pytest.mark.parametrize("approvals", [(), (text_approved(SECOND),)])
def test_a_text_that_has_changed_is_denied_and_the_new_one_offered(
    approvals: tuple[Event, ...],
) -> None:
    archive = approved()
    request = accepts(archive)
    for event in (CHANGED, *approvals):
        archive.receive(event)

    denied = denial(archive.receive(request))

    assert denied.cause == "text_changed"
    assert (denied.text_document_id, denied.text_sha256) == (SECOND, text_sha256(archive))
    assert archive.contract.documents == ()


def test_a_digest_of_no_text_is_denied_as_changed() -> None:
    denied = denial(approved().receive(acceptance_requested(text_sha256="cd" * 32)))

    assert (denied.cause, denied.text_document_id) == ("text_changed", FIRST)


def test_a_text_that_is_not_approved_waits_for_the_approval_and_is_then_denied() -> None:
    archive = with_text()

    assert types(archive.receive(accepts(archive))) == ["contract.document_order_held"]
    denied = denial(archive.wait(GRACE))
    assert (denied.cause, denied.text_document_id) == ("text_not_approved", None)


def test_an_approval_on_its_way_is_in_time() -> None:
    archive = with_text()
    archive.receive(accepts(archive))

    assert types(archive.receive(text_approved(FIRST))) == [
        "contract.text_approved",
        "contract.document_begun",
    ]


def test_a_text_that_changes_while_an_acceptance_waits_is_denied_as_changed() -> None:
    archive = with_text()
    archive.receive(accepts(archive))

    assert denial(archive.receive(CHANGED)).cause == "text_changed"
    assert archive.wait(GRACE) == []


def test_a_text_that_changes_before_the_certificate_is_made_is_denied_as_changed() -> None:
    archive = approved()
    archive.receive(accepts(archive))

    denied = denial(archive.receive(CHANGED))

    assert (denied.cause, denied.text_document_id) == ("text_changed", SECOND)
    assert archive.contract.documents == ()


def test_a_contract_that_is_over_cannot_be_accepted_whatever_its_text() -> None:
    archive = approved(cancellation_took_effect(1))

    assert denial(archive.receive(accepts(archive))).cause == "not_acceptable"


def test_a_stranger_learns_nothing_of_the_text() -> None:
    archive = approved(registration(STRANGER), authorisation(STRANGER))

    archive.receive(acceptance_requested(customer_id=STRANGER, text_sha256="cd" * 32))

    denied = denial(archive.wait(GRACE))
    assert (denied.cause, denied.text_document_id) == ("not_available", None)


def accepted_text(*more: Event) -> tuple[Archive, ContractAccepted]:
    archive = approved()
    archive.receive(accepts(archive))
    (told,) = archive.work()
    assert isinstance(told, ContractAccepted)
    for event in more:
        archive.receive(event)
    return archive, told


def test_the_same_text_accepted_again_is_answered_with_the_first_acceptance() -> None:
    archive, first = accepted_text()

    assert archive.receive(accepts(archive, "inq-2")) == [
        first.model_copy(update={"inquiry_id": "inq-2"})
    ]


def test_an_acceptance_of_no_text_is_answered_with_the_one_of_a_text() -> None:
    archive, first = accepted_text()

    (again,) = archive.receive(acceptance_requested("inq-2"))

    assert again == first.model_copy(update={"inquiry_id": "inq-2"})
    assert archive.contract.accepted == first


def test_the_first_text_accepted_again_after_a_change_is_denied() -> None:
    archive, first = accepted_text(CHANGED)
    request = acceptance_requested("inq-2", text_sha256=first.text_sha256)

    assert denial(archive.receive(request)).cause == "text_changed"
    assert archive.contract.accepted == first


def test_an_acceptance_that_names_no_text_is_none_of_a_text_that_was_replaced() -> None:
    archive, first = accepted_text(CHANGED)
    archive.receive(acceptance_requested("inq-2"))

    (second,) = archive.work()

    assert isinstance(second, ContractAccepted)
    assert (second.text_bound, second.text_sha256, second.inquiry_id) == (False, None, "inq-2")
    assert second.document_id != first.document_id
    assert archive.receive(acceptance_requested("inq-3")) == [
        second.model_copy(update={"inquiry_id": "inq-3"})
    ]


def test_the_holder_accepts_the_next_text_too() -> None:
    archive, first = accepted_text(CHANGED, text_approved(SECOND))
    archive.receive(accepts(archive, "inq-2"))

    (second,) = archive.work()

    assert isinstance(second, ContractAccepted)
    assert (second.text_document_id, second.inquiry_id) == (SECOND, "inq-2")
    assert second.document_id != first.document_id
    assert archive.contract.accepted == second


def test_a_text_can_be_accepted_after_an_acceptance_of_none() -> None:
    archive = approved(acceptance_requested())
    archive.work()
    archive.receive(accepts(archive, "inq-2"))

    (bound,) = archive.work()

    assert isinstance(bound, ContractAccepted)
    assert bound.text_bound is True
    assert archive.contract.accepted == bound


def test_acceptances_of_a_text_and_of_none_under_way_are_answered_each_with_its_own() -> None:
    archive = approved()
    archive.receive(accepts(archive))
    archive.receive(acceptance_requested("inq-2"))

    told = [it for it in archive.work() if isinstance(it, ContractAccepted)]

    assert [(it.inquiry_id, it.text_bound) for it in told] == [("inq-acc", True), ("inq-2", False)]
    assert archive.contract.accepted == told[0]


def test_the_state_says_which_text_stands_and_which_was_accepted() -> None:
    archive, first = accepted_text(CHANGED)
    stated = public_state(archive.contract, 7)

    assert stated is not None
    assert stated.text is not None
    assert (stated.text.document_id, stated.text.approved) == (SECOND, False)
    assert stated.accepted is not None
    assert stated.accepted.text_sha256 == first.text_sha256


def test_histories_with_texts_fold_to_the_stored_state() -> None:
    archive, _ = accepted_text(
        view_reported(FIRST), CHANGED, text_approved(FIRST), text_approved(SECOND)
    )

    assert archive.refolded == archive.states


# Kept


async def test_the_text_is_kept_beside_the_certificate_with_the_digest_that_was_accepted() -> None:
    archive, files = approved(), Files()
    archive.receive(accepts(archive))

    outcome = await keep_document(Settings(), files.database, due_work(archive))

    assert isinstance(outcome, DocumentStored)
    assert files.kept.keys() == {outcome.document_id, FIRST}
    text, certificate = files.kept[FIRST], files.kept[outcome.document_id]
    assert hashlib.sha256(text.content).hexdigest() == text_sha256(archive)
    assert text.metadata == {
        **certificate.metadata,
        "sha256": text_sha256(archive),
        "media_type": "text/plain; charset=utf-8",
    }


async def test_a_crash_between_certificate_and_text_leaves_neither_out() -> None:
    archive, files = approved(), Files()
    archive.receive(accepts(archive))
    work = due_work(archive)
    first = cast(DocumentStored, await keep_document(Settings(), files.database, work))
    del files.kept[FIRST]

    again = await keep_document(Settings(), files.database, work)

    assert again == first
    assert FIRST in files.kept


async def test_an_acceptance_of_no_text_keeps_the_certificate_alone() -> None:
    archive, files = with_text(acceptance_requested()), Files()

    outcome = cast(
        DocumentStored, await keep_document(Settings(), files.database, due_work(archive))
    )

    assert files.kept.keys() == {outcome.document_id}
