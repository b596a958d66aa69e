"""Dates and numbers as people write them, in Spanish and in English."""

from __future__ import annotations

from datetime import date

from shared.events.values import days_after

MESES = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def fecha(day: date) -> str:
    """5 de marzo de 2027"""
    return f"{day.day} de {MESES[day.month - 1]} de {day.year}"


def written(day: date) -> str:
    """5 March 2027"""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def dias(number: int) -> str:
    """30 días, 1 día"""
    return f"{number} día" if number == 1 else f"{number} días"


def days(number: int) -> str:
    """30 days, 1 day"""
    return f"{number} day" if number == 1 else f"{number} days"


def day_before(day: date) -> date:
    return days_after(day, -1)
