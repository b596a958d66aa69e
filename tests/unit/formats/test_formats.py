"""How texts write dates, periods, amounts and countries. Contract texts are made again from their
facts and must keep their SHA-256: never change what these tests expect."""

from datetime import date

import pytest

from shared.events.values import Language
from shared.formats import (
    COUNTRIES,
    country_name,
    number_of_days,
    written_amount,
    written_day,
    written_weekday,
)

ES, EN = Language.ES, Language.EN
MONTHS = [
    ("enero", "January"),
    ("febrero", "February"),
    ("marzo", "March"),
    ("abril", "April"),
    ("mayo", "May"),
    ("junio", "June"),
    ("julio", "July"),
    ("agosto", "August"),
    ("septiembre", "September"),
    ("octubre", "October"),
    ("noviembre", "November"),
    ("diciembre", "December"),
]


@pytest.mark.parametrize(("month", "names"), list(enumerate(MONTHS, start=1)))
def test_a_day_has_its_month_spelled_out(month: int, names: tuple[str, str]) -> None:
    day = date(2027, month, 5)

    assert written_day(day, ES) == f"5 de {names[0]} de 2027"
    assert written_day(day, EN) == f"5 {names[1]} 2027"


@pytest.mark.parametrize(
    ("day", "spanish", "english"),
    [
        ("2027-03-01", "lunes, 1 de marzo de 2027", "Monday, 1 March 2027"),
        ("2027-03-02", "martes, 2 de marzo de 2027", "Tuesday, 2 March 2027"),
        ("2027-03-03", "miércoles, 3 de marzo de 2027", "Wednesday, 3 March 2027"),
        ("2027-03-04", "jueves, 4 de marzo de 2027", "Thursday, 4 March 2027"),
        ("2027-03-05", "viernes, 5 de marzo de 2027", "Friday, 5 March 2027"),
        ("2027-03-06", "sábado, 6 de marzo de 2027", "Saturday, 6 March 2027"),
        ("2027-03-07", "domingo, 7 de marzo de 2027", "Sunday, 7 March 2027"),
        ("0999-12-31", "martes, 31 de diciembre de 999", "Tuesday, 31 December 999"),
    ],
)
def test_a_day_can_have_its_weekday(day: str, spanish: str, english: str) -> None:
    assert written_weekday(date.fromisoformat(day), ES) == spanish
    assert written_weekday(date.fromisoformat(day), EN) == english


@pytest.mark.parametrize(
    ("number", "spanish", "english"),
    [
        (0, "0 días", "0 days"),
        (1, "1 día", "1 day"),
        (30, "30 días", "30 days"),
        (366, "366 días", "366 days"),
    ],
)
def test_one_day_is_singular(number: int, spanish: str, english: str) -> None:
    assert number_of_days(number, ES) == spanish
    assert number_of_days(number, EN) == english


@pytest.mark.parametrize(
    ("amount", "currency", "spanish", "english"),
    [
        ("0", "EUR", "0,00 €", "€0.00"),
        ("1234.5", "EUR", "1.234,50 €", "€1,234.50"),
        ("1.1000", "EUR", "1,1000 €", "€1.1000"),
        ("-1234.5", "EUR", "-1.234,50 €", "€-1,234.50"),
        ("1234567.891", "USD", "1.234.567,891 USD", "USD 1,234,567.891"),
        ("1234", "JPY", "1.234,00 JPY", "JPY 1,234.00"),
        ("1e31", "EUR", "1e31 €", "€1e31"),
        ("NaN", "USD", "NaN USD", "USD NaN"),
    ],
)
def test_an_amount_keeps_its_digits(amount: str, currency: str, spanish: str, english: str) -> None:
    assert written_amount(amount, currency, ES) == spanish
    assert written_amount(amount, currency, EN) == english


def test_the_longest_amount_is_not_rounded() -> None:
    digits = "9" * 30

    written = written_amount(f"{digits}.{digits}", "EUR", EN)

    assert written.replace(",", "") == f"€{digits}.{digits}"


def test_each_country_has_a_name_in_both_languages() -> None:
    assert (country_name("DE", ES), country_name("DE", EN)) == ("Alemania", "Germany")
    assert [
        code for code in COUNTRIES for name in (ES, EN) if country_name(code, name) == code
    ] == []
    assert country_name("??", ES) == "??"
