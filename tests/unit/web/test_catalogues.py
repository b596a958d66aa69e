"""Every message of a page exists in Spanish, with the same places for values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from shared.events.values import Language
from shared.web.languages import Formats, translations

ROOT = Path(__file__).parents[3]
FOLDERS = [
    ROOT / "shared/web",
    ROOT / "services/customer_portal",
    ROOT / "services/operations_console",
]
KEYWORDS: dict[str, Any] = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
STRICT = {"**.html": {"silent": "false"}}
PLACE = re.compile(r"%\(\w+\)s")


def written(folder: Path) -> set[Any]:
    found = extract_from_dir(folder, method_map=METHODS, options_map=STRICT, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


def spanish(folder: Path) -> Catalog:
    with (folder / "locale/es.po").open("rb") as file:
        return read_po(file, locale="es")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda it: it.name)
def test_the_catalogue_has_every_message_and_no_other(folder: Path) -> None:
    assert {it.id for it in spanish(folder) if it.id} == written(folder)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda it: it.name)
def test_every_message_is_translated_with_the_same_values(folder: Path) -> None:
    for message in spanish(folder):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        assert all(texts), message.id
        for text in texts:
            assert set(PLACE.findall(str(text))) == set(PLACE.findall(str(ids[-1]))), message.id


@pytest.mark.parametrize("folder", FOLDERS[1:], ids=lambda it: it.name)
def test_a_message_that_stands_in_two_catalogues_of_an_application_says_the_same(
    folder: Path,
) -> None:
    shared, own = ({it.id: it.string for it in spanish(it)} for it in (FOLDERS[0], folder))

    assert {it: shared[it] for it in shared.keys() & own.keys() if it} == {
        it: own[it] for it in shared.keys() & own.keys() if it
    }


def test_the_portal_speaks_both_languages() -> None:
    texts = translations(tuple(folder / "locale" for folder in FOLDERS))

    assert texts[Language.ES].gettext("Skip to content") == "Ir al contenido"
    assert texts[Language.EN].gettext("Skip to content") == "Skip to content"


def test_each_language_writes_dates_and_amounts_its_own_way() -> None:
    es, en = Formats(Language.ES), Formats(Language.EN)

    assert es.day("2026-12-27") == "27 de diciembre de 2026"
    assert en.day("2026-12-27") == "27 December 2026"
    assert es.instant("2026-11-27T10:30:00Z") == "27 de noviembre de 2026, 11:30"
    assert es.weekday("2026-11-30T10:30:00Z") == "lunes, 30 de noviembre de 2026 a las 11:30"
    assert es.money({"amount": "1234.50", "currency": "EUR"}) == "1.234,50 €"
    assert es.money({"amount": "-12.00", "currency": "EUR"}) == "-12,00 €"
    assert en.money({"amount": "-12.00", "currency": "EUR"}) == "-€12.00"
