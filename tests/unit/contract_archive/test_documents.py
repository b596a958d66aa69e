"""The PDF documents of the archive: certified copy and acceptance certificate."""

import contextlib
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from services.contract_archive.documents.make import (
    BoundText,
    Company,
    ContractSheet,
    Price,
    acceptance_certificate,
    contract_copy,
    sheet_sha256,
)
from shared.events.values import Authentication
from shared.typesetting.fonts import (
    REGULAR,
    TYPEFACES,
    NotPrintable,
    lines,
    one_line,
)
from tests.builders.examples import examples

COMPANY = Company(
    name="Compañía de Prueba",
    postal_address="Calle de Ejemplo 1, 28000 Madrid",
    phone="900 000 000",
)
SHEET = ContractSheet(
    contract_number="MT-2026-000123",
    customer_id="C-0042",
    holder_name="Cliente de Prueba",
    type="software_maintenance",
    title="Mantenimiento de software",
    starts_on=date(2026, 1, 15),
    ends_on=date(2027, 1, 14),
    auto_renewal=True,
    price=Price("1234.50", "EUR"),
    period="month",
    status="active",
)
OPEN_ENDED = replace(
    SHEET, holder_name=None, ends_on=None, price=None, period=None, auto_renewal=False
)
ISSUED_ON = date(2026, 9, 3)
REFERENCE = "INQ-P3TKJ-ZC1RR-Q"
SIGNED_AT = datetime(2026, 9, 2, 22, 30, 5, tzinfo=UTC)


def copy_of(sheet: ContractSheet, language: str = "es", company: Company = COMPANY) -> bytes:
    return contract_copy(
        sheet, reference=REFERENCE, language=language, issued_on=ISSUED_ON, company=company
    )


def certificate_of(
    sheet: ContractSheet,
    language: str = "es",
    signed_by: str = "Firmante de Prueba",
    signed_at: datetime = SIGNED_AT,
    signer_is_holder: bool | None = None,
    text: BoundText | None = None,
    authentication: Authentication | None = None,
) -> bytes:
    return acceptance_certificate(
        sheet,
        signed_by=signed_by,
        signed_at=signed_at,
        signer_is_holder=signer_is_holder,
        text=text,
        authentication=authentication,
        reference=REFERENCE,
        language=language,
        issued_on=ISSUED_ON,
        company=COMPANY,
    )


def text_of(pdf: bytes) -> str:
    """All text of the document, with single spaces for line and page breaks."""
    pages = PdfReader(BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def digest_in_another_process(hash_seed: str) -> str:
    program = (
        "import hashlib, runpy, sys;"
        "names = runpy.run_path(sys.argv[1]);"
        "print(hashlib.sha256(names['copy_of'](names['SHEET'])).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, __file__],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "line",
    [
        "Compañía de Prueba",
        "Calle de Ejemplo 1, 28000 Madrid · Tel. 900 000 000",
        "Página 1/1",
        "Copia certificada de contrato",
        "Número de contrato MT-2026-000123",
        "Descripción Mantenimiento de software",
        "Tipo Mantenimiento de software",
        "Titular Cliente de Prueba",
        "Número de cliente C-0042",
        "Fecha de inicio 15 de enero de 2026",
        "Fecha de fin 14 de enero de 2027",
        "Renovación automática Sí",
        "Precio 1.234,50 €",
        "Periodicidad Mensual",
        "Estado Activo",
    ],
)
def test_a_spanish_copy_shows_every_fact_of_the_contract(line: str) -> None:
    assert line in text_of(copy_of(SHEET))


@pytest.mark.parametrize(
    "line",
    [
        "Page 1/1",
        "Certified copy of contract",
        "Contract number MT-2026-000123",
        "Description Mantenimiento de software",
        "Type Software maintenance",
        "Holder Cliente de Prueba",
        "Customer number C-0042",
        "Start date 15 January 2026",
        "End date 14 January 2027",
        "Automatic renewal Yes",
        "Price €1,234.50",
        "Billing period Monthly",
        "Status Active",
    ],
)
def test_an_english_copy_shows_every_fact_of_the_contract(line: str) -> None:
    assert line in text_of(copy_of(SHEET, "en"))


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "es",
            [
                "Titular No consta",
                "Fecha de fin Sin fecha de fin",
                "Renovación automática No",
                "Precio No consta",
                "Periodicidad No consta",
            ],
        ),
        (
            "en",
            [
                "Holder Not recorded",
                "End date No end date",
                "Automatic renewal No",
                "Price Not recorded",
                "Billing period Not recorded",
            ],
        ),
    ],
)
def test_what_is_not_recorded_is_said_to_be_so(language: str, lines: list[str]) -> None:
    text = text_of(copy_of(OPEN_ENDED, language))

    assert [line for line in lines if line not in text] == []


def test_a_copy_certifies_the_data_the_day_and_the_inquiry_in_spanish() -> None:
    assert (
        "Certificamos que esta copia reproduce los datos registrados del contrato"
        " MT-2026-000123 a fecha 3 de septiembre de 2026; referencia INQ-P3TKJ-ZC1RR-Q;"
        f" SHA-256 de los datos: {sheet_sha256(SHEET)}"
    ) in text_of(copy_of(SHEET))


def test_a_copy_certifies_the_data_the_day_and_the_inquiry_in_english() -> None:
    assert (
        "We certify that this copy reproduces the recorded data of contract MT-2026-000123"
        " as of 3 September 2026; reference INQ-P3TKJ-ZC1RR-Q;"
        f" SHA-256 of the data: {sheet_sha256(SHEET)}"
    ) in text_of(copy_of(SHEET, "en"))


def test_a_language_without_wording_gets_the_desks_default_spanish() -> None:
    assert copy_of(SHEET, "fr") == copy_of(SHEET, "es")


def test_the_digest_is_that_of_the_canonical_json() -> None:
    canonical = (
        '{"auto_renewal":true,"contract_number":"MT-2026-000123","customer_id":"C-0042",'
        '"ends_on":"2027-01-14","holder_name":"Se\\u00f1or de Prueba","period":"month",'
        '"price":{"amount":"1234.50","currency":"EUR"},"starts_on":"2026-01-15",'
        '"status":"active","title":"Mantenimiento de software","type":"software_maintenance"}'
    )

    digest = sheet_sha256(replace(SHEET, holder_name="Señor de Prueba"))

    assert digest == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "es",
            [
                "Certificado de aceptación de contrato",
                "Aceptado por Firmante de Prueba",
                "Fecha y hora 3 de septiembre de 2026, 00:30:05 (Madrid, UTC+02:00)",
                "Contrato aceptado MT-2026-000123",
                "Titular Cliente de Prueba",
                "este certificado reproduce los datos registrados del contrato MT-2026-000123",
            ],
        ),
        (
            "en",
            [
                "Certificate of contract acceptance",
                "Accepted by Firmante de Prueba",
                "Date and time 3 September 2026, 00:30:05 (Madrid, UTC+02:00)",
                "Accepted contract MT-2026-000123",
                "Holder Cliente de Prueba",
                "this certificate reproduces the recorded data of contract MT-2026-000123",
            ],
        ),
    ],
)
def test_a_certificate_says_who_accepted_which_contract_when(
    language: str, lines: list[str]
) -> None:
    text = text_of(certificate_of(SHEET, language))

    assert [line for line in lines if line not in text] == []
    assert REFERENCE in text
    assert sheet_sha256(SHEET) in text


@pytest.mark.parametrize(
    ("signer_is_holder", "said"),
    [
        (True, "Firmante Su nombre es el del titular registrado Fecha"),
        (False, "Firmante Su nombre no es el del titular registrado Fecha"),
        (None, "Aceptado por Firmante de Prueba Fecha"),
    ],
)
def test_a_certificate_says_whether_the_holder_signed(
    signer_is_holder: bool | None, said: str
) -> None:
    assert said in text_of(certificate_of(SHEET, signer_is_holder=signer_is_holder))


@pytest.mark.parametrize(
    ("language", "number", "digest"),
    [
        ("es", "Texto n.º 3 del contrato", "SHA-256 del texto"),
        ("en", "Text no. 3 of the contract", "SHA-256 of the text"),
    ],
)
def test_a_certificate_names_the_text_that_was_accepted(
    language: str, number: str, digest: str
) -> None:
    said = text_of(certificate_of(SHEET, language, text=BoundText("doc-text-3", 3, "ab" * 32)))

    assert number in said
    assert "doc-text-3" in said
    assert digest in said
    assert "ab" * 32 in said.replace(" ", "")
    assert "no está vinculada" not in said
    assert "not bound" not in said


def test_a_certificate_says_how_the_signer_was_authenticated() -> None:
    proof = Authentication(method="otp", level="substantial", at=SIGNED_AT, reference="TX-1")

    said = text_of(certificate_of(SHEET, authentication=proof))

    assert "Identidad comprobada por otp (substantial)" in said
    assert "Referencia de la comprobación TX-1" in said


def test_a_certificate_says_that_it_is_bound_to_no_text() -> None:
    said = "Texto aceptado La aceptación no está vinculada a un texto concreto del contrato"

    assert said in text_of(certificate_of(SHEET))


@pytest.mark.parametrize(
    ("signed_at", "shown"),
    [
        ("2026-10-25T00:30:00+00:00", "02:30:00 (Madrid, UTC+02:00)"),
        ("2026-10-25T01:30:00+00:00", "02:30:00 (Madrid, UTC+01:00)"),
    ],
)
def test_the_hour_that_the_clocks_repeat_stays_distinct(signed_at: str, shown: str) -> None:
    assert shown in text_of(certificate_of(SHEET, signed_at=datetime.fromisoformat(signed_at)))


def test_a_naive_signing_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        certificate_of(SHEET, signed_at=SIGNED_AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("price", "spanish", "english"),
    [
        (Price("0", "EUR"), "0,00 €", "€0.00"),
        (Price("999.9", "EUR"), "999,90 €", "€999.90"),
        (Price("1234567.89", "EUR"), "1.234.567,89 €", "€1,234,567.89"),
        (Price("0.125", "EUR"), "0,125 €", "€0.125"),
        (Price("-12.50", "EUR"), "-12,50 €", "€-12.50"),
        (Price("1E+3", "USD"), "1.000,00 USD", "USD 1,000.00"),
        (Price("1e999999", "EUR"), "1e999999 €", "€1e999999"),
        (Price("1e-999999", "EUR"), "1e-999999 €", "€1e-999999"),
        (Price("a convenir", "EUR"), "a convenir €", "€a convenir"),
        (Price("NaN", "EUR"), "NaN €", "€NaN"),
    ],
)
def test_money_is_written_as_the_language_does(price: Price, spanish: str, english: str) -> None:
    sheet = replace(SHEET, price=price)

    assert f"Precio {spanish} Periodicidad" in text_of(copy_of(sheet, "es"))
    assert f"Price {english} Billing period" in text_of(copy_of(sheet, "en"))


@pytest.mark.parametrize(
    "title",
    [
        "<b>negrita</b> & <i>cursiva</i>",
        "<para>",
        "&lt;b&gt; &amp; &euro;",
        "</font><img src='x'/>",
        "{contract_number} {0} %s",
        "¿Mañana? ¡Sí! Ñandú, pingüino, cigüeña, coração, 50 €, «título», –",
    ],
)
def test_a_title_comes_out_literally(title: str) -> None:
    assert f"Descripción {title} Tipo" in text_of(copy_of(replace(SHEET, title=title)))


def test_every_text_comes_out_literally() -> None:
    marked = replace(
        SHEET, holder_name="<u>A & B</u>", type="<type>", status="<status>", period="<period>"
    )

    text = text_of(certificate_of(marked, signed_by="<b>C & D</b>"))

    assert "Titular <u>A & B</u>" in text
    assert "Tipo <type>" in text
    assert "Periodicidad <period>" in text
    assert "Estado <status>" in text
    assert "Aceptado por <b>C & D</b>" in text


@pytest.mark.parametrize(
    "name",
    [
        "Ștefan Țiriac",
        "Łukasz Wójcik-Żółć",  # n_pol
        "Владимир Тестов",  # n_cyr
        "Γιώργος Δοκιμή",
        "Արամ Փորձ",
        "გიორგი ტესტი",
        "Nguyễn Thị Thử",
        "Şükrü Gövdeşğı",
        "Þórður Æsir",
    ],
)
def test_a_name_comes_out_as_it_is_written(name: str) -> None:
    text = text_of(certificate_of(replace(SHEET, holder_name=name, title=name), signed_by=name))

    assert f"Aceptado por {name} Fecha" in text
    assert f"Descripción {name} Tipo" in text
    assert f"Titular {name} Número" in text


@pytest.mark.parametrize(
    ("name", "glyphs"),
    [
        ("שלום בדיקה", "הקידב םולש"),
        # n_ara: every letter in the form that its neighbours give it, the last one leftmost.
        ("محمد اختبار", "\ufead\ufe8e\ufe92\ufe98\ufea7\ufe8d \ufeaa\ufee4\ufea4\ufee3"),
        ("لا", "\ufefb"),
        ("علی\u200cرضا", "\ufe8e\ufebf\ufead\ufbfd\ufee0\ufecb"),
        ("Ana שלום 12", "Ana 12 םולש"),
    ],
)
def test_right_to_left_text_is_drawn_in_the_order_of_its_glyphs(name: str, glyphs: str) -> None:
    assert one_line(name, REGULAR) == glyphs
    copy_of(replace(SHEET, title=name, holder_name=name))


def test_a_long_right_to_left_title_breaks_into_lines_in_reading_order() -> None:
    first, second = lines("שלום בדיקה", REGULAR, 10, 40)

    assert (first, second) == ("םולש", "הקידב")


@pytest.mark.parametrize(
    "text",
    [
        "王小明",
        "김철수",
        "ㅤ",  # n_hangul
        "Ana 👩\u200d👩\u200d👧 Prueba",  # n_emoji
        "नमस्ते",
        "สวัสดี",
        "ລາວ",
        "ߒߞߏ",
        "ټ",  # an Arabic letter whose joined forms the typeface lacks
        "\ud800",
    ],
)
def test_a_text_that_the_documents_cannot_show_is_refused(text: str) -> None:
    with pytest.raises(NotPrintable):
        copy_of(replace(SHEET, title=text))
    with pytest.raises(NotPrintable):
        certificate_of(SHEET, signed_by=text)


def test_no_document_is_made_with_a_question_mark_for_a_letter() -> None:
    assert "?" not in text_of(copy_of(replace(SHEET, title="Łódź", holder_name="Țiriac")))


def test_an_accent_apart_from_its_letter_is_put_together_with_it() -> None:
    text = text_of(copy_of(replace(SHEET, title="¿Man\u0303ana?")))

    assert "Descripción ¿Mañana? Tipo" in text


@pytest.mark.parametrize("name", ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "sRGB.icc"])
def test_the_embedded_files_are_those_whose_digests_are_noted(name: str) -> None:
    digest = hashlib.sha256((TYPEFACES / name).read_bytes()).hexdigest()

    assert f"`{digest}`" in (TYPEFACES / "README.md").read_text("utf-8")


def test_control_and_direction_characters_do_not_disturb_the_text() -> None:
    text = text_of(copy_of(replace(SHEET, title="uno\n\tdos\x00\u202etres\u200b")))

    assert "Descripción uno dos tres Tipo" in text


def test_a_title_longer_than_a_page_wraps_onto_the_next_ones() -> None:
    pdf = copy_of(replace(SHEET, title="Descripción muy larga " * 450))
    text = text_of(pdf)

    assert len(PdfReader(BytesIO(pdf)).pages) == 4
    assert text.count("muy larga") == 450
    assert "Página 1/4" in text
    assert "Página 4/4" in text
    assert "Estado Activo" in text


def test_a_word_longer_than_a_line_is_broken() -> None:
    text = text_of(copy_of(replace(SHEET, title="X" * 300)))

    assert text.replace(" ", "").count("X" * 300) == 1


def test_a_company_name_wider_than_the_page_is_cut_with_an_ellipsis() -> None:
    text = text_of(copy_of(SHEET, company=replace(COMPANY, name="Compañía " * 40)))

    assert "Compañía Compañía… Calle" in text


@examples(25)
@given(title=st.text(max_size=120), name=st.text(max_size=60))
def test_no_text_breaks_the_document(title: str, name: str) -> None:
    sheet = replace(SHEET, title=title, holder_name=name)

    with contextlib.suppress(NotPrintable):
        assert certificate_of(sheet, signed_by=name).startswith(b"%PDF-")


def test_the_same_data_gives_the_same_bytes() -> None:
    assert copy_of(SHEET) == copy_of(SHEET)
    assert certificate_of(SHEET) == certificate_of(SHEET)


def test_another_process_gives_the_same_bytes() -> None:
    digest = hashlib.sha256(copy_of(SHEET)).hexdigest()

    assert digest_in_another_process("1") == digest
    assert digest_in_another_process("2") == digest


def test_other_data_gives_another_document() -> None:
    assert copy_of(SHEET) != copy_of(replace(SHEET, auto_renewal=False))
    assert sheet_sha256(SHEET) != sheet_sha256(replace(SHEET, auto_renewal=False))


def test_the_metadata_names_the_document_and_no_time_of_making() -> None:
    reader = PdfReader(BytesIO(copy_of(SHEET)))

    assert reader.metadata is not None
    assert reader.metadata.title == "Copia certificada de contrato MT-2026-000123"
    assert reader.metadata.author == "Compañía de Prueba"
    assert reader.metadata.creation_date == datetime(2000, 1, 1, tzinfo=UTC)
    assert str(reader.root_object["/Lang"]) == "es"
