"""Spanish and English: the catalogues of translations, and how each language writes a date.

Messages are written in English in the code and the templates; `es.po` has them all in Spanish.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from shared.events.values import Language, in_madrid
from shared.formats import written_amount, written_day, written_weekday


def N_(message: str) -> str:
    """Marks a message that a page translates later."""
    return message


@lru_cache
def translations(folders: tuple[Path, ...]) -> dict[Language, NullTranslations]:
    """The translations of each language, from the `es.po` of each folder."""
    whole = Catalog(locale="es")
    for folder in folders:
        with (folder / "es.po").open("rb") as file:
            for message in read_po(file, locale="es"):
                if message.id and not message.fuzzy:
                    whole.add(message.id, message.string, context=message.context)
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return {Language.EN: NullTranslations(), Language.ES: GNUTranslations(compiled)}


class Formats:
    """Days, instants and amounts as one language writes them. Instants are in Madrid's time."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._at = {Language.ES: "{} a las {}", Language.EN: "{} at {}"}[language]

    def day(self, value: date | str) -> str:
        """Such as `27 de diciembre de 2026`."""
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return written_day(day, self._language)

    def weekday(self, value: datetime | str) -> str:
        """Such as `lunes, 30 de noviembre de 2026 a las 11:30`."""
        local = in_madrid(_instant(value))
        return self._at.format(written_weekday(local.date(), self._language), self.time(local))

    def instant(self, value: datetime | str) -> str:
        """Such as `27 de noviembre de 2026, 11:30`."""
        local = in_madrid(_instant(value))
        return f"{written_day(local.date(), self._language)}, {self.time(local)}"

    def time(self, value: datetime | str) -> str:
        return f"{in_madrid(_instant(value)):%H:%M}"

    def money(self, value: Mapping[str, str]) -> str:
        """The sign stands before everything: `-€12.00`, `-12,00 €`."""
        amount = value["amount"]
        written = written_amount(amount.removeprefix("-"), value["currency"], self._language)
        return f"-{written}" if amount.startswith("-") else written


def _instant(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
