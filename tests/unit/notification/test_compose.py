"""The words and the bytes of a mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel

from services.inquiry_intake.submission.validate import SUBMISSIONS
from services.notification.mail.rejection import is_the_customers
from services.notification.mail.wording import Wording
from shared.events.document_code import document_link
from shared.events.values import Contact, Detail, Language
from tests.builders.notification import (
    CODE,
    INQUIRY_EMAIL,
    LINK,
    NAME,
    NOW,
    ONE_OF_EACH,
    PROFILE_EMAIL,
    REFERENCE,
    SHA256,
    Notifications,
    activation_failed,
    copy_ready,
    evidence_awaited,
    not_required,
    opened,
    registered,
    rejected,
    scheduled,
    world_with,
)

MARKUP = '<script>alert("x")</script>'
HEADER = "Asunto\r\nBcc: otra@example.test\r\n\r\nCuerpo"


def parts(world: Notifications) -> tuple[str, str]:
    parsed = message_from_bytes(world.composed(), policy=default)
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("template", ONE_OF_EACH)
def test_every_mail_can_be_read_in_both_languages_and_forms(
    template: str, language: Language
) -> None:
    world = world_with(template)

    rendered = world.rendered(language)

    heading = rendered.subject.removesuffix(f" [{REFERENCE}]")
    assert rendered.text.startswith(heading)
    assert heading in rendered.html
    assert f'<html lang="{language}">' in rendered.html
    assert "901 200 400" in rendered.text
    assert "901 200 400" in rendered.html
    assert "None" not in rendered.text
    assert "{" not in rendered.text


@pytest.mark.parametrize("template", ONE_OF_EACH)
def test_no_plain_text_line_of_ours_is_long(template: str) -> None:
    longest = max(map(len, world_with(template).rendered().text.splitlines()))

    assert longest <= 100


def test_the_confirmation_confirms_every_detail() -> None:
    """F4: a notification confirms the details of the inquiry."""
    text, html = parts(Notifications(opened()))

    for said in (
        REFERENCE,
        "Asunto: Solicitud de cancelación",
        "Contrato: MT-2027/0001",
        "Recibida: lunes, 1 de marzo de 2027, 09:59",
        "Respuesta prevista: a más tardar el lunes, 1 de marzo de 2027, 18:00",
        INQUIRY_EMAIL,
        "+34 900 000 000",
        "Fecha de fin solicitada: lunes, 5 de abril de 2027",
        "Destrucción de todas las copias confirmada: Sí",
        "Tipo de firma: Firma electrónica",
        "Segunda línea, con acentos: ñ, á, ü.",
        "de lunes a viernes, de 09:00 a 17:00",
    ):
        assert said in " ".join(text.split())
    assert "Destrucción de todas las copias confirmada" in html


def test_a_rejection_names_every_fault() -> None:
    """F2: the customer is told every faulty field at once."""
    text, _ = parts(Notifications(rejected()))

    assert "Correo electrónico: Este dato no tiene el formato esperado." in text
    assert "Finalidad (2): Falta este dato." in text


def test_a_rejection_names_the_request_what_is_allowed_and_how_to_go_on() -> None:
    rendered = Notifications(rejected()).rendered()

    text = " ".join(rendered.text.split())
    assert rendered.subject == "No hemos podido tramitar su solicitud de registro"
    assert "Por ejemplo: nombre@empresa.es." in text
    assert "Puede elegir: Archivar y usar sus datos; Transferir sus datos al extranjero." in text
    assert "corríjalos y envíenos de nuevo la solicitud completa" in text


def fields_of(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """The dotted paths of a submission's fields, in its lists with a position."""
    for name, field in model.model_fields.items():
        yield f"{path}{name}"
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                position = ".0" if get_origin(field.annotation) is tuple else ""
                yield from fields_of(inner, f"{path}{name}{position}.")


FIELDS = {field for model in SUBMISSIONS.values() for field in fields_of(model)}
RULED = {"evidence", "consents.store_and_contact", "consents.transfer_abroad"}


@pytest.mark.parametrize(
    "field",
    sorted(field for field in FIELDS | RULED if is_the_customers(field, "missing")),
)
def test_a_rejection_calls_every_field_by_a_name_and_says_what_it_may_hold(field: str) -> None:
    spanish, english = Wording(Language.ES), Wording(Language.EN)

    assert spanish.label(field) != english.label(field)
    assert spanish.allowed(field)
    assert spanish.allowed(field) != english.allowed(field)


@pytest.mark.parametrize(
    "field", ["documents.0", "consents.1.given_at", "contact.?", "contact.?.0"]
)
def test_what_is_the_channels_own_is_so_in_a_list_too(field: str) -> None:
    assert not is_the_customers(field, "wrong_format")


def test_a_rejection_says_that_we_do_not_have_the_language_asked_for() -> None:
    text, _ = parts(Notifications(rejected(requested_language="fr")))

    assert "Idioma pedido, que no tenemos: le respondemos en español: fr" in text
    assert "Idioma pedido" not in parts(Notifications(rejected()))[0]


def test_a_rejection_of_the_release_before_names_no_kind_of_request() -> None:
    rendered = Notifications(rejected(submission_type=None)).rendered()

    assert rendered.subject == "No hemos podido tramitar su solicitud"


def test_a_customer_is_not_told_the_channels_own_faults() -> None:
    assert "recepción" not in Notifications(rejected()).rendered().text


def test_a_confirmation_names_one_time_of_receipt() -> None:
    """The channel's, in Madrid time, and not when the desk opened the inquiry."""
    text = Notifications(opened()).rendered().text

    assert text.count("de marzo de 2027, 09:59") == 1
    assert "10:00" not in text


@pytest.mark.parametrize(
    ("effective_on", "offered"),
    [(date(2027, 3, 2), True), (date(2027, 3, 1), False), (date(2027, 2, 1), False)],
)
@pytest.mark.parametrize("language", list(Language))
def test_a_withdrawal_is_offered_until_the_day_before_the_effective_day_only(
    effective_on: date, offered: bool, language: Language
) -> None:
    decision = scheduled(effective_on=effective_on)
    text = " ".join(Notifications(opened(), decision).rendered(language).text.split())

    last = {
        Language.ES: "hasta el lunes, 1 de marzo de 2027 incluido",
        Language.EN: "up to and including Monday, 1 March 2027",
    }[language]
    assert (last in text) == offered
    assert ("retirar" in text or "withdraw" in text) == offered


LONG = "Compre en tienda.example. " * 60


@pytest.mark.parametrize("language", list(Language))
def test_a_stranger_gets_no_more_than_500_characters_of_the_senders_words(
    language: Language,
) -> None:
    details = (Detail(field="comment", value=LONG), Detail(field="text", value=LONG))
    world = Notifications(opened(details=details, subject=LONG[:300]))

    rendered = world.rendered(language)

    said = rendered.html.count("tienda.example")
    assert said * len("Compre en tienda.example. ") <= 2 * 500  # the subject is said twice
    assert "Los hemos recibido completos" in rendered.text or "in full" in rendered.text


def test_a_customer_at_the_registered_address_gets_all_of_it() -> None:
    details = (Detail(field="comment", value=LONG),)
    here = Contact(email=PROFILE_EMAIL.upper())

    text = Notifications(registered(), opened(details=details, contact=here)).rendered().text

    assert text.count("tienda.example") == LONG.count("tienda.example")
    assert "completos" not in text


def test_a_decision_says_why_and_when() -> None:
    text, _ = parts(Notifications(opened(), scheduled()))

    assert "Hemos recibido su solicitud, completa y firmada." in text
    assert "Fecha de cancelación: lunes, 5 de abril de 2027" in text
    assert "Último día facturable: domingo, 4 de abril de 2027" in text


@pytest.mark.parametrize(
    ("complete", "notice_ends", "effective", "told"),
    [
        ("2027-03-01", "2027-03-31", "2027-04-30", True),
        ("2027-03-01", "2027-03-31", "2027-03-31", False),  # the same day again
        ("2027-03-01", "2027-03-01", "2027-04-30", False),  # no notice had to be kept
        (None, "2027-03-31", "2027-04-30", False),  # as an earlier release kept it
    ],
)
def test_the_end_of_the_notice_is_told_where_it_says_something(
    complete: str | None, notice_ends: str, effective: str, told: bool
) -> None:
    decided = {"notice_ends_on": notice_ends, "effective_on": effective}
    if complete:
        decided["complete_on"] = complete

    assert (Wording(Language.EN).notice_ends(decided) is not None) is told


def test_a_registration_names_the_contact_once() -> None:
    details = (
        Detail(field="name", value=NAME),
        Detail(field="email", value=INQUIRY_EMAIL),
        Detail(field="phone", value="+34 900 000 000"),
    )

    text = Notifications(opened(kind="registration", details=details)).rendered().text

    assert text.count(INQUIRY_EMAIL) == 1
    assert text.count("+34 900 000 000") == 1


def test_awaited_evidence_says_what_is_missing_and_every_way_to_send_it() -> None:
    """F12: post, fax, online or by phone."""
    text, _ = parts(Notifications(opened(), evidence_awaited()))

    for said in (
        "destruido todas las copias",
        "su firma",
        "sus datos de contacto",
        "Santa Hortensia 26-28",
        "+34 91 519 39 87",
        "https://contract-desk.example/",
    ):
        assert said in text


@pytest.mark.parametrize("language", list(Language))
def test_evidence_is_asked_for_until_its_deadline_only(language: Language) -> None:
    offer, late = (
        ("a más tardar el", "nueva solicitud")
        if language is Language.ES
        else ("has not reached us by", "new request")
    )

    def text(due_on: date) -> str:
        world = Notifications(opened(), evidence_awaited(due_on=due_on))
        return " ".join(world.rendered(language).text.split())

    why = evidence_awaited().explanation.in_language(language)
    due_today, overdue = (text(NOW.date() - timedelta(days=days)) for days in (0, 1))
    assert offer in due_today
    assert why in due_today
    assert why not in overdue  # it says until when
    assert late not in due_today
    assert offer not in overdue
    assert late in overdue


def test_a_copy_is_linked_with_its_digest_and_its_last_day() -> None:
    text, html = parts(Notifications(opened(), registered(), copy_ready()))

    assert LINK in text
    assert f'href="{LINK.replace("&", "&amp;")}"' in html
    assert SHA256 in text
    assert "miércoles, 31 de marzo de 2027, 11:00" in text


def test_a_documents_link_has_the_one_time_code_for_the_registered_address() -> None:
    """The event carries none: a link that opens a document is on no topic."""
    text, html = parts(Notifications(opened(), registered(), copy_ready(link=None)))
    link = document_link("http://127.0.0.1:8084", b"development-only", "doc-1", PROFILE_EMAIL)

    assert link in text
    assert f'href="{link.replace("&", "&amp;")}"' in html


def test_a_certificate_can_be_downloaded_by_its_mail() -> None:
    accepted = ONE_OF_EACH["contract_accepted"]
    text, _ = parts(Notifications(opened(), registered(), accepted))
    link = document_link("http://127.0.0.1:8084", b"development-only", "doc-2", PROFILE_EMAIL)

    assert link in text


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x"])
def test_without_a_web_address_the_mail_says_how_to_get_the_copy(link: str) -> None:
    text, html = parts(Notifications(opened(), registered(), copy_ready(link)))

    assert "llámenos o envíenos un mensaje online" in " ".join(text.split())
    assert 'class="button"' not in html


@pytest.mark.parametrize(
    ("left", "said"),
    [(4, "Le quedan 4 intentos."), (1, "Le queda 1 intento."), (0, "ha quedado bloqueada")],
)
def test_a_wrong_code_says_how_many_attempts_are_left(left: int, said: str) -> None:
    text, _ = parts(Notifications(opened(), activation_failed(left)))

    assert said in " ".join(text.split())


def test_a_licence_without_an_open_renewal_names_no_date() -> None:
    assert "2027" not in Notifications(opened(), not_required(None)).rendered().text.replace(
        "MT-2027", ""
    )


def test_the_activation_mail_carries_number_and_code() -> None:
    text, html = parts(world_with("servicepac_activation_code"))

    assert CODE in text
    assert CODE in html


def test_a_customers_text_is_no_markup() -> None:
    hostile = opened(
        subject=MARKUP,
        contact=Contact(name=MARKUP, email=INQUIRY_EMAIL),
        details=(Detail(field=MARKUP, value=MARKUP),),
    )

    _, html = parts(Notifications(hostile))

    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_customers_text_is_no_header() -> None:
    hostile = scheduled(contract_number=HEADER)

    message = message_from_bytes(Notifications(opened(), hostile).composed())

    assert message["Bcc"] is None
    assert set(message.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "Content-Language",
        "MIME-Version",
        "Content-Type",
    }


def test_a_subject_is_one_line_without_control_characters() -> None:
    hostile = scheduled(contract_number="A\x00\x1b[31m\u202eB\r\nC")

    subject = Notifications(opened(), hostile).rendered().subject

    assert subject == f"La cancelación del contrato A[31mB C está programada [{REFERENCE}]"


def test_a_long_subject_keeps_its_reference() -> None:
    subject = Notifications(opened(), scheduled(contract_number="9" * 5000)).rendered().subject

    assert len(subject) < 200
    assert subject.endswith(f"[{REFERENCE}]")


def test_control_characters_and_lone_surrogates_are_left_out_of_the_text() -> None:
    world = Notifications(opened())
    said = {"field": "text", "value": "a\x07b\ud800c\u2067d"}
    hostile = world.last.model_copy(update={"facts": {**world.last.facts, "details": [said]}})

    assert "Texto: abcd" in world.rendered(notification=hostile).text


def test_headers_say_what_kind_of_mail_this_is() -> None:
    world = Notifications(opened())

    message = message_from_bytes(world.composed(), policy=default)

    assert message["To"] == INQUIRY_EMAIL
    assert message["From"] == "Servicio de Soporte a Clientes <soporte@contract-desk.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Content-Language"] == "es"
    assert message["Message-ID"] == f"<{world.last.notification_id}@contract-desk.example>"
    assert message["Date"].datetime == NOW


def test_a_senders_name_may_have_accents() -> None:
    world = Notifications(opened(), mail_from="Atención <soporte@contract-desk.example>")

    raw = world.composed()

    assert b"=?utf-8?" in raw
    sender = message_from_bytes(raw, policy=default)["From"]
    assert sender == "Atención <soporte@contract-desk.example>"


def test_a_mail_that_goes_out_twice_is_the_same_mail() -> None:
    world = Notifications(opened(), scheduled())
    first = world.composed()
    world.now = NOW + timedelta(hours=3)
    world.attempted(("timeout", False))

    assert world.composed() == first


def test_a_mail_is_seven_bit_with_short_lines() -> None:
    lines = Notifications(opened()).composed().split(b"\r\n")

    assert max(map(len, lines)) <= 998
    assert all(line.isascii() for line in lines)


def test_a_customer_without_a_name_is_greeted_all_the_same() -> None:
    text, _ = parts(Notifications(opened(contact=Contact(email=INQUIRY_EMAIL))))

    assert "Estimado/a cliente:" in text


def test_the_companys_data_are_settings() -> None:
    world = Notifications(
        registered(),
        company_name="Empresa Neutra",
        company_phone="900 000 001",
        desk_hours_es="siempre",
        company_site_url="https://neutra.example/",
    )

    text, _ = parts(world)

    for said in ("Empresa Neutra", "900 000 001", "siempre", "https://neutra.example/"):
        assert said in text
    assert "IBM" not in text
    assert NAME in text


VALUES = [
    ("request_type", "invoices_and_payments", "Facturas y pagos", "Invoices and payments"),
    ("requested_end_on", "2027-04-05", "lunes, 5 de abril de 2027", "Monday, 5 April 2027"),
    ("signed_at", "2027-07-01T22:30:00Z", "viernes, 2 de julio de 2027, 00:30", None),
    ("destruction_confirmed", "false", "No", "No"),
    ("signature.kind", "agent_witness", "Ante un agente, por teléfono", None),
    ("signature.reference", "electronic", "electronic", "electronic"),
    ("consents.0.purpose", "transfer_abroad", "Transferir sus datos al extranjero", None),
    ("requested_end_on", "pronto", "pronto", "pronto"),
    ("text", "true", "true", "true"),
    ("country", "ES", "España", "Spain"),
    ("country", "QX", "QX", "QX"),
    ("activation_code", "••••", "••••", "••••"),
]


@pytest.mark.parametrize(("field", "value", "spanish", "english"), VALUES)
def test_a_submitted_value_reads_as_people_write_it(
    field: str, value: str, spanish: str, english: str | None
) -> None:
    assert Wording(Language.ES).value(field, value) == spanish
    assert english is None or Wording(Language.EN).value(field, value) == english


LABELS = [
    ("contact.email", "Correo electrónico de contacto"),
    ("consents.0.purpose", "Finalidad (1)"),
    ("consents[1].given_at", "Fecha del consentimiento (2)"),
    ("contract_numbers.49", "Números de contrato (50)"),
    ("new_field", "New field"),
    ("", ""),
]


@pytest.mark.parametrize(("field", "label"), LABELS)
def test_a_field_is_called_what_people_call_it(field: str, label: str) -> None:
    assert Wording(Language.ES).label(field) == label
