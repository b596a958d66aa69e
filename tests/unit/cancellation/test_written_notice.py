"""`written-notice` (F12): signature and contact, on paper, online or by phone."""

import pytest

from services.cancellation.file.decide import Rules
from services.cancellation.policies.terms import PolicyTerms
from shared.events.contracts import ContractType
from shared.events.values import Contact
from tests.builders.cancellation import (
    COMPLETE,
    MAINTENANCE,
    MEANS_ONLY,
    NAME_ONLY,
    Desk,
    contract,
    day,
    evidence,
    requested,
    signature,
    told,
)

EVERYTHING_MISSING = ("signature", "contact")
NO_CONTACT = Contact()


@pytest.mark.parametrize(
    ("channel", "kind", "contact", "missing"),
    [
        ("post", "signed_document", COMPLETE, ()),
        ("post", "electronic", COMPLETE, ()),
        ("post", "agent_witness", COMPLETE, ("signature",)),
        ("fax", "signed_document", COMPLETE, ()),
        ("fax", "electronic", COMPLETE, ()),
        ("fax", "agent_witness", COMPLETE, ("signature",)),
        ("web", "signed_document", COMPLETE, ()),
        ("web", "electronic", COMPLETE, ()),
        ("web", "agent_witness", COMPLETE, ("signature",)),
        ("partner", "signed_document", COMPLETE, ()),
        ("partner", "electronic", COMPLETE, ()),
        ("partner", "agent_witness", COMPLETE, ("signature",)),
        ("call_centre", "agent_witness", COMPLETE, ()),
        ("call_centre", "signed_document", COMPLETE, ()),
        ("call_centre", "electronic", COMPLETE, ()),
        ("call_centre", None, COMPLETE, ("signature",)),
        ("web", None, COMPLETE, ("signature",)),
        ("web", "electronic", NAME_ONLY, ("contact",)),
        ("web", "electronic", MEANS_ONLY, ("contact",)),
        ("web", "electronic", NO_CONTACT, ("contact",)),
        ("post", None, NAME_ONLY, EVERYTHING_MISSING),
        ("web", "agent_witness", NO_CONTACT, EVERYTHING_MISSING),
    ],
)
@pytest.mark.parametrize(
    "contract_type", [ContractType.HARDWARE_MAINTENANCE, ContractType.SOFTWARE_MAINTENANCE]
)
def test_what_each_channel_must_bring(
    contract_type: ContractType,
    channel: str,
    kind: str | None,
    contact: Contact,
    missing: tuple[str, ...],
) -> None:
    desk = Desk("2027-03-01", contract(contract_type))

    (answer,) = desk.hears(
        requested(
            "2027-03-01", channel=channel, contact=contact, signature=kind and signature(kind)
        )
    )

    assert answer.policy == "written-notice"
    assert getattr(answer, "missing", ()) == missing


@pytest.mark.parametrize(
    ("received", "wanted", "rule", "effective", "last_billable"),
    [
        ("2027-03-01", None, "notice-from-completion", "2027-03-01", "2027-02-28"),
        ("2028-03-01", None, "notice-from-completion", "2028-03-01", "2028-02-29"),
        ("2028-02-29", None, "notice-from-completion", "2028-02-29", "2028-02-28"),
        ("2027-03-28 03:30", None, "notice-from-completion", "2027-03-28", "2027-03-27"),
        ("2027-10-31 02:30", None, "notice-from-completion", "2027-10-31", "2027-10-30"),
        ("2027-03-10T23:30Z", None, "notice-from-completion", "2027-03-11", "2027-03-10"),
        ("2027-03-01", "2027-02-28", "notice-from-completion", "2027-03-01", "2027-02-28"),
        ("2027-03-01", "2027-03-01", "notice-from-completion", "2027-03-01", "2027-02-28"),
        ("2027-03-01", "2027-03-02", "requested-end-date", "2027-03-02", "2027-03-01"),
        ("2027-03-01", "2027-12-31", "requested-end-date", "2027-12-31", "2027-12-30"),
    ],
)
def test_a_complete_request_is_scheduled_without_notice(
    received: str, wanted: str | None, rule: str, effective: str, last_billable: str
) -> None:
    desk = Desk(received, contract(MAINTENANCE))

    answers = desk.hears(
        requested(received, signature=signature(), requested_end_on=wanted and day(wanted))
    )

    assert told(answers, "rule", "effective_on", "last_billable_on") == [
        ("scheduled", rule, day(effective), day(last_billable))
    ]


@pytest.mark.parametrize(
    ("notice", "effective", "sentence"),
    [
        (0, "2027-01-31", "y no se exige preaviso."),
        (1, "2027-02-01", "y el preaviso es de 1 día."),
        (15, "2027-02-15", "y el preaviso es de 15 días."),
    ],
)
def test_the_notice_is_a_setting(notice: int, effective: str, sentence: str) -> None:
    terms = PolicyTerms(version="x", holds_from=day("2027-01-01"), written_notice_days=notice)
    desk = Desk("2027-01-31", contract(MAINTENANCE), rules=Rules(terms=(terms,)))

    (answer,) = desk.hears(requested("2027-01-31", signature=signature()))

    assert told([answer], "effective_on") == [("scheduled", day(effective))]
    assert sentence in answer.explanation.es


def test_evidence_that_leaves_something_missing_is_answered_with_what_is_still_missing() -> None:
    desk = Desk("2027-03-01", contract(MAINTENANCE))

    first = desk.hears(requested("2027-03-01", contact=NAME_ONLY))
    second = desk.hears(evidence("2027-03-05", "letter", signature=signature()))
    third = desk.hears(evidence("2027-03-09", "call", contact=MEANS_ONLY))

    names = ("inquiry_id", "answers_inquiry_id", "missing", "due_on", "complete_on")
    due_on = day("2027-03-31")
    assert told(first + second + third, *names) == [
        ("evidence_awaited", "first", None, EVERYTHING_MISSING, due_on, None),
        ("evidence_awaited", "first", "letter", ("contact",), due_on, None),
        ("scheduled", "first", "call", None, None, day("2027-03-09")),
    ]


def test_the_request_is_complete_on_the_day_of_its_last_piece_whichever_comes_first() -> None:
    desk = Desk("2027-03-12", contract(MAINTENANCE), requested("2027-03-01", contact=NO_CONTACT))

    desk.hears(evidence("2027-03-10", "web", contact=COMPLETE))
    answers = desk.hears(
        evidence("2027-03-04", "scanned", channel="post", signature=signature("signed_document"))
    )

    assert told(answers, "complete_on") == [("scheduled", day("2027-03-10"))]


def test_a_witness_by_phone_completes_a_request_that_came_by_post() -> None:
    desk = Desk("2027-03-01", contract(MAINTENANCE), requested("2027-03-01", channel="post"))

    answers = desk.hears(
        evidence("2027-03-02", channel="call_centre", signature=signature("agent_witness"))
    )

    assert told(answers, "complete_on") == [("scheduled", day("2027-03-02"))]


def test_no_partner_is_a_witness_with_its_request_or_later() -> None:
    witnessed = signature("agent_witness")
    desk = Desk("2027-03-01", contract(MAINTENANCE), requested("2027-03-01", channel="post"))

    by_partner = desk.hears(evidence("2027-03-02", channel="partner", signature=witnessed))
    by_desk = desk.hears(evidence("2027-03-03", "b", channel="call_centre", signature=witnessed))

    assert told(by_partner, "missing") == [("evidence_awaited", ("signature",))]
    assert told(by_desk, "complete_on") == [("scheduled", day("2027-03-03"))]


def test_the_customer_reads_what_is_missing() -> None:
    desk = Desk("2027-02-03", contract(MAINTENANCE))

    (answer,) = desk.hears(requested("2027-02-03", contact=NO_CONTACT))

    assert answer.rule == "signature-and-contact-missing"
    assert answer.explanation.es == (
        "Para cancelar este contrato de mantenimiento todavía necesitamos su firma, en un "
        "documento firmado o electrónica, y el nombre de una persona de contacto y un medio para "
        "localizarla (correo electrónico, teléfono o dirección postal). Puede enviarlo hasta el "
        "5 de marzo de 2027 inclusive."
    )
