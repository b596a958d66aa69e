"""Dates, amounts and countries as Spanish and English write them: Babel's words, our patterns.

Babel has the names of months, days and countries, the plural forms and the separators. The order
of the parts is fixed here and not taken from CLDR, which changes it between releases: a contract's
text and its certificates are made again from their facts and must keep their SHA-256.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation, localcontext
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from babel.units import format_unit

from shared.events.values import Language

_LOCALES: Final = {Language.ES: Locale("es"), Language.EN: Locale("en", "GB")}
_DAY: Final = {Language.ES: "d 'de' MMMM 'de' y", Language.EN: "d MMMM y"}
_WEEKDAY: Final = {language: f"EEEE, {day}" for language, day in _DAY.items()}
_EUROS: Final = {Language.ES: "{number} €", Language.EN: "€{number}"}
_OTHER_MONEY: Final = {Language.ES: "{number} {currency}", Language.EN: "{currency} {number}"}
_MOST_DIGITS: Final = 30
"""Before the decimal point and after it."""

_NO_COUNTRIES: Final = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
)
"""Codes that CLDR has a name for and ISO 3166-1 does not assign to a country."""
_CODES: Final = {str(code) for code in _LOCALES[Language.ES].territories}
COUNTRIES: Final = frozenset(code for code in _CODES if len(code) == 2) - _NO_COUNTRIES
"""The country codes of ISO 3166-1 alpha-2, as officially assigned; each has a name."""


@lru_cache(maxsize=4096)
def written_day(day: date, language: Language) -> str:
    """`5 de abril de 2027`, `5 April 2027`."""
    return str(format_date(day, _DAY[language], locale=_LOCALES[language]))


@lru_cache(maxsize=4096)
def written_weekday(day: date, language: Language) -> str:
    """`lunes, 5 de abril de 2027`, `Monday, 5 April 2027`."""
    return str(format_date(day, _WEEKDAY[language], locale=_LOCALES[language]))


@lru_cache(maxsize=1024)
def number_of_days(number: int, language: Language) -> str:
    """`30 días`, `1 day`."""
    return str(format_unit(number, "duration-day", locale=_LOCALES[language]))


def written_amount(amount: str, currency: str, language: Language) -> str:
    """`1.234,50 €`, `€1,234.50`, `USD 1,234.50`: every digit of the amount, at least two decimals.

    What is no number, or has an exponent that would fill pages with zeros, is shown as it is.
    """
    template = (_EUROS if currency == "EUR" else _OTHER_MONEY)[language]
    return template.format(number=_written_number(amount, language), currency=currency)


def _written_number(amount: str, language: Language) -> str:
    try:
        value = Decimal(amount)
    except InvalidOperation:
        return amount
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or max(-exponent, value.adjusted()) > _MOST_DIGITS:
        return amount
    pattern = "#,##0." + "0" * max(2, -exponent)
    with localcontext(prec=2 * _MOST_DIGITS + 2):  # no digit is rounded away
        return str(format_decimal(value, pattern, locale=_LOCALES[language]))


def country_name(code: str, language: Language) -> str:
    """`España` for `ES`; a code without a name is returned as it is."""
    return str(_LOCALES[language].territories.get(code, code))
