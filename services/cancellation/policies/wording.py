"""Dates and periods inside the policies' sentences, short enough to read beside the rule."""

from __future__ import annotations

from datetime import date

from shared.events.values import Language, days_after
from shared.formats import number_of_days, written_day


def fecha(day: date) -> str:
    """5 de marzo de 2027"""
    return written_day(day, Language.ES)


def written(day: date) -> str:
    """5 March 2027"""
    return written_day(day, Language.EN)


def dias(number: int) -> str:
    """30 días, 1 día"""
    return number_of_days(number, Language.ES)


def days(number: int) -> str:
    """30 days, 1 day"""
    return number_of_days(number, Language.EN)


def day_before(day: date) -> date:
    return days_after(day, -1)
