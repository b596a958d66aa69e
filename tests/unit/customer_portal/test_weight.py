"""A page is light for a browser that has nothing yet, fonts included."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.customer_portal.routes import PAGES
from shared import web
from shared.events.values import Language
from tests.builders.portal import Browser, PortalOfFew, portal_of_few
from tests.unit.customer_portal.test_pages import ANA, address, ana_has_something_of_everything

MOST_BYTES = 80_000
STATIC = Path(web.__file__).parent / "static"
LOADED = re.compile(r'(?:src|href)="(/static/[^"]+)"')
FONT = re.compile(r"url\((fonts/[^)]+)\)")


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        yield portal


def weight_of(html: str) -> int:
    """The page and every file that it loads, as they are sent: texts gzipped, fonts as they are."""
    names = {path.split("/", 3)[3] for path in LOADED.findall(html)}
    names |= {font for name in names if name.endswith(".css") for font in fonts_of(name)}
    return packed(html.encode()) + sum(sent_bytes(STATIC / name) for name in names)


def fonts_of(style: str) -> list[str]:
    return FONT.findall((STATIC / style).read_text())


def sent_bytes(file: Path) -> int:
    content = file.read_bytes()
    return len(content) if file.suffix == ".woff2" else packed(content)


def packed(content: bytes) -> int:
    return len(gzip.compress(content, 6))


async def test_no_page_weighs_more_than_80_kb_with_its_fonts_and_scripts(
    portal: PortalOfFew,
) -> None:
    parts = await ana_has_something_of_everything(portal)
    ana, nobody = await portal.signed_in(ANA), Browser(portal)
    weights = {}
    for page in PAGES:
        for language in Language:
            path = address(page, language, parts)
            if not (page.is_live or page.is_file):
                shown = [await browser.get(path) for browser in (nobody, ana)]
                weights[path] = max(weight_of(answer.body) for answer in shown)

    assert {path: it for path, it in weights.items() if it > MOST_BYTES} == {}
    assert max(weights.values()) > 44_000, "the fonts alone: a page without them was weighed"
