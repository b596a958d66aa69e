"""One rule each for what people write: text and values."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.envelope import Message, Unchecked
from shared.events.inquiries import InquiryOpened
from shared.events.requests import CancellationRequested, CustomerRegistrationRequested
from shared.events.submissions import SubmissionRejected
from shared.events.values import Contact, Language
from tests.builders.submissions import (
    CONSENTS,
    CUSTOMER_ID,
    INQUIRY_ID,
    NUMBER,
    SIGNATURE,
    follow_up,
    intake,
    record,
    submission,
    types,
)

STORE, TRANSFER = CONSENTS
ZWSP, RLO, LRO, FSI = "\u200b", "\u202e", "\u202d", "\u2068"
BLANKS = ["", " ", "\t\n", "\u00a0", "\u3000", ZWSP, "\u2060\ufeff", "\u00ad", "\u3164", "\u2800"]
BLANKS += ["\u115f", "\uffa0", "\u200e\u200f", RLO, FSI, "\U000e0041", "\ufe0f", " \u200d "]


def given(kind: str, **fields: Any) -> Message:
    """A sound submission with `fields` put over it, null among them."""
    sound = submission(kind)
    assert isinstance(sound.data, Unchecked)
    return Message(
        sound.source, sound.id, Unchecked(sound.type, {**sound.data.fields, **fields}), CUSTOMER_ID
    )


def opened(message: Message) -> InquiryOpened:
    (event,) = (e for e in intake().receive(message) if isinstance(e, InquiryOpened))
    return event


def rejected(message: Message) -> SubmissionRejected:
    (event,) = (e for e in intake().receive(message) if isinstance(e, SubmissionRejected))
    return event


def faults(message: Message) -> list[tuple[str, str]]:
    events = intake().receive(message)
    answers = [event for event in events if isinstance(event, SubmissionRejected)]
    return [(error.field, error.code) for answer in answers for error in answer.errors]


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_what_is_blank_is_no_text(blank: str) -> None:
    assert faults(given("inquiry", text=blank)) == [("text", "too_short")]
    assert faults(given("registration", name=blank)) == [("name", "too_short")]
    unsigned = given("contract_acceptance", signed_by=blank)
    assert faults(unsigned) == [("signed_by", "too_short")]


@pytest.mark.parametrize("absent", [None, *BLANKS], ids=ascii)
@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("inquiry", "language"),
        ("inquiry", "contract_number"),
        ("inquiry", "contact"),
        ("cancellation", "requested_end_on"),
        ("cancellation", "destruction_confirmed"),
        ("cancellation", "signature"),
        ("cancellation", "comment"),
        ("cancellation_withdrawal", "comment"),
    ],
)
def test_null_and_blank_are_absent_where_a_field_is_optional(
    kind: str, field: str, absent: str | None
) -> None:
    assert opened(given(kind, **{field: absent})) == opened(submission(kind, **{field: None}))


@pytest.mark.parametrize("absent", [None, *BLANKS], ids=ascii)
def test_a_blank_part_of_a_contact_is_not_given(absent: str | None) -> None:
    contact = {"name": absent, "email": absent, "phone": "900 000 000", "postal_address": absent}

    assert opened(given("inquiry", contact=contact)).contact == Contact(phone="900 000 000")


def test_a_cancellation_signed_by_nobody_visible_is_told_so() -> None:
    contact = {"name": ZWSP, "email": "ana@ejemplo.es"}
    blank = given("cancellation", contact=contact, signature={**SIGNATURE, "signed_by": ZWSP})
    named = submission("cancellation", contact=contact)
    requests = [e for e in intake().receive(named) if isinstance(e, CancellationRequested)]

    assert faults(blank) == [("signature.signed_by", "too_short")]
    assert not requests[0].contact.complete


@pytest.mark.parametrize("edge", [" ", "\u00a0", ZWSP, "\ufeff", "\r\n", " \u200e "], ids=ascii)
def test_identifiers_names_and_addresses_are_trimmed(edge: str) -> None:
    def around(text: str) -> str:
        return f"{edge}{text}{edge}"

    registration = given(
        "registration",
        customer_id=around(CUSTOMER_ID),
        name=around("Ana Prueba"),
        email=around("ana.sp@ejemplo.es"),
        company=around("Empresa"),
        country=around("ES"),
    )
    events = intake().receive(registration)
    (request,) = (e for e in events if isinstance(e, CustomerRegistrationRequested))
    assert (request.customer_id, request.name, request.email) == (
        CUSTOMER_ID,
        "Ana Prueba",
        "ana.sp@ejemplo.es",
    )
    assert (request.company, request.country) == ("Empresa", "ES")
    assert opened(given("contract_copy", contract_number=around(NUMBER))).contract_numbers == (
        NUMBER,
    )


def test_a_number_given_twice_is_one_whatever_is_around_it() -> None:
    twice = given("cancellation", contract_numbers=[NUMBER, f" {NUMBER}{ZWSP}"])

    assert faults(twice) == [("contract_numbers.1", "duplicate")]


@pytest.mark.parametrize(
    "hidden",
    ["\x00", "\x1b", "\x7f", "\x85", "\n", "\u2028", RLO, LRO, "\u202a", FSI, "\U000e0041"],
    ids=ascii,
)
def test_one_line_refuses_control_override_and_tag_characters(hidden: str) -> None:
    text = f"Ana{hidden}Prueba"

    assert faults(given("inquiry", subject=text)) == [("subject", "wrong_format")]
    assert faults(given("registration", name=text)) == [("name", "wrong_format")]
    assert faults(given("registration", company=text)) == [("company", "wrong_format")]
    assert faults(given("inquiry", contact={"name": text})) == [("contact.name", "wrong_format")]
    signature = {**SIGNATURE, "signed_by": text, "reference": text}
    assert set(faults(given("cancellation", signature=signature))) == {
        ("signature.signed_by", "wrong_format"),
        ("signature.reference", "wrong_format"),
    }


def test_an_override_at_the_edge_of_a_line_is_refused_too() -> None:
    assert faults(given("inquiry", subject=f"{RLO}Duda")) == [("subject", "wrong_format")]


@pytest.mark.parametrize(
    "name",
    [
        "Ștefan Țiriac",
        "Łukasz Wójcik",
        "Иван Петров",
        "Αλέξης",
        "محمد علي",
        "דוד",
        "김민준",
        "👩‍💻",
    ],
)
def test_a_name_is_taken_in_any_script(name: str) -> None:
    assert opened(given("inquiry", contact={"name": name})).contact.name == name


@pytest.mark.parametrize(
    "address",
    [
        "ana..x@ejemplo.es",
        "ana@-bad-.es",
        f"a@{'b' * 64}.es",
        ".ana@ejemplo.es",
        "josé.peña@ejemplo.es",
        "ana@ejemplo",
        "ana",
        "Ana <ana@ejemplo.es>",
    ],
)
def test_an_address_that_no_mail_reaches_is_refused(address: str) -> None:
    contact = {"name": "Ana", "email": address}

    assert faults(given("inquiry", contact=contact)) == [("contact.email", "wrong_format")]
    assert faults(given("registration", email=address)) == [("email", "wrong_format")]


def test_an_internationalised_domain_is_taken() -> None:
    address = "ana@ñandú-ejemplo.es"

    assert opened(given("inquiry", contact={"email": address})).contact.email == address


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("(91) 234 56 78", "(91) 234 56 78"),
        ("+34 912 345 678 ext. 12", "+34 912 345 678 ext. 12"),
        ("+34\u00a0912\u00a0345\u00a0678", "+34 912 345 678"),
        ("+34/912/345/678", "+34/912/345/678"),
        (" +34 912345678", "+34 912345678"),
        ("tel:+34912345678", "+34912345678"),
        ("912-34-56-78", "912-34-56-78"),
        ("+34 (91) 234–56–78", "+34 (91) 234–56–78"),
        ("(+34) 912 345 678", "(+34) 912 345 678"),
        ("0034 912 345 678", "0034 912 345 678"),
        ("912.345.678", "912.345.678"),
        ("912345678x12", "912345678x12"),
        ("912 345 678 (ext. 12)", "912 345 678 (ext. 12)"),
        ("912 345 678 [Ext.: 12]", "912 345 678 [Ext.: 12]"),
        ("912 345 678 Interno 12", "912 345 678 Interno 12"),
        ("912 345 678 extn 12", "912 345 678 extn 12"),
        ("[+34] 912 345 678", "[+34] 912 345 678"),
        ("912 345 678, extensión 7", "912 345 678, extensión 7"),
        ("900 000 000", "900 000 000"),
        ("９１２ ３４５ ６７８", "912 345 678"),
    ],
)
def test_a_phone_number_is_taken_as_people_write_it(written: str, kept: str) -> None:
    assert opened(given("registration", phone=written)).contact.phone == kept


@pytest.mark.parametrize(
    "written", ["call me", "123", "+", "()", "912+345+678", "9" * 21, "ext. 12", "912 345 678 ext"]
)
def test_what_is_no_phone_number_is_refused(written: str) -> None:
    assert faults(given("registration", phone=written)) == [("phone", "wrong_format")]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("es", Language.ES),
        ("es-ES", Language.ES),
        ("ES_mx", Language.ES),
        ("es-419", Language.ES),
        ("EN", Language.EN),
        ("en-GB", Language.EN),
        ("en_US.UTF-8", Language.EN),
        (" en ", Language.EN),
        ("en\u200b", Language.EN),
    ],
)
def test_a_language_is_matched_by_its_primary_tag(asked: str, answered: Language) -> None:
    inquiry = opened(given("inquiry", language=asked))

    assert (inquiry.language, inquiry.requested_language) == (answered, None)


@pytest.mark.parametrize("asked", ["fr", "ca", "eu-ES", "zh-Hant-TW", "x-klingon"])
def test_a_language_that_we_do_not_have_falls_back_to_spanish_and_the_answer_says_so(
    asked: str,
) -> None:
    inquiry = opened(given("inquiry", language=asked))
    refusal = rejected(given("inquiry", language=asked, text=None))

    assert (inquiry.language, inquiry.requested_language) == (Language.ES, asked)
    assert (refusal.language, refusal.requested_language) == (Language.ES, asked)
    assert ("requested_language", asked) in [(d.field, d.value) for d in inquiry.details]


@pytest.mark.parametrize(
    ("received_at"),
    ["2026-03-02T10:59+01:00", "2026-03-02T09:59Z", "2026-03-02t09:59:00.123456789z"],
)
def test_an_instant_may_come_without_seconds(received_at: str) -> None:
    assert opened(given("inquiry", received_at=received_at))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            given("registration", consents=[STORE, {**TRANSFER, "purpose": "abroad"}]),
            [("consents.1.purpose", "not_allowed")],
        ),
        (given("registration", consents=[STORE, None]), [("consents.1", "wrong_type")]),
        (
            given("cancellation_evidence", destruction_confirmed="yes"),
            [("destruction_confirmed", "wrong_type")],
        ),
        (
            given("cancellation_evidence", destruction_confirmed=None, contact={"email": "x"}),
            [("contact.email", "wrong_format")],
        ),
        (
            given("cancellation_evidence", destruction_confirmed=None, contact={"email": " "}),
            [("evidence", "evidence_missing")],
        ),
        (given("cancellation", contract_numbers=["a b", "a b"]), None),
        (given("registration", country="ESP"), [("country", "wrong_format")]),
        (
            given("cancellation", signature=SIGNATURE, received_at="2024-03-02T10:59:00Z"),
            [("received_at", "too_old")],
        ),
        (
            given("cancellation", signature=SIGNATURE, received_at="2036-03-02T10:59:00Z"),
            [("received_at", "in_future")],
        ),
    ],
)
def test_no_second_error_stands_beside_a_true_one(
    message: Message, expected: list[tuple[str, str]] | None
) -> None:
    if expected is None:
        expected = [(f"contract_numbers.{n}", "wrong_format") for n in range(2)]
    assert [(f, c if c != "missing" else "wrong_type") for f, c in faults(message)] == expected


@pytest.mark.parametrize("written", ["{}", " {} ", "  {}\n"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_a_follow_up_names_its_inquiry_by_id_or_by_reference(written: str, case: Any) -> None:
    history = intake(submission("inquiry"))
    reference = record(history, INQUIRY_ID).reference
    assert reference is not None

    for number, name in enumerate((INQUIRY_ID, reference)):
        said = follow_up(written.format(case(name)), f"f-{number}", text="Hola")
        assert types(history.receive(said)) == ["follow_up.accepted", "inquiry.progressed.v1"]


def test_a_reference_that_nobody_has_is_an_unknown_inquiry() -> None:
    said = follow_up("INQ-00000-00000-0", text="Hola")

    assert faults(said) == [("inquiry_id", "inquiry_unknown")]


@pytest.mark.parametrize(
    ("kind", "field", "longest"),
    [("registration", "name", 200), ("registration", "company", 200), ("inquiry", "text", 10_000)],
)
def test_a_text_has_a_longest_length(kind: str, field: str, longest: int) -> None:
    assert faults(given(kind, **{field: "ñ" * longest})) == []
    assert faults(given(kind, **{field: "ñ" * (longest + 1)})) == [(field, "too_long")]


def test_a_signature_has_a_longest_length() -> None:
    def signed(length: int) -> Message:
        text = "ñ" * length
        return given("cancellation", signature={**SIGNATURE, "signed_by": text, "reference": text})

    assert faults(signed(200)) == []
    assert [code for _, code in faults(signed(201))] == ["too_long", "too_long"]
