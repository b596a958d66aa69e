"""Takes the pictures of the console: `python -m tests.browser.console_pictures docs/console`.

`--all` takes every page light and dark, wide and narrow: to look at, not to keep.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from desk.commands.drill_desk import local_desk
from desk.commands.drill_faults import BY_NAME
from desk.commands.samples import fill
from tests.browser import tools
from tests.browser.pictures import Picture, shoot
from tests.browser.portal_desk import PortalDesk, portal_desk
from tests.browser.staff import account, signed_in

WIDE, NARROW = (1280, 900), (375, 812)
THEMES = ("light", "dark")
STAFF = "ana@desk.example"


@dataclass(frozen=True)
class Shown:
    """A page of the console with something on it; `wide` and `narrow` are the themes kept."""

    name: str
    path: str
    wide: str = "light"
    narrow: str = "dark"

    def pictures(self, every: bool) -> list[Picture]:
        sizes = ((WIDE, "", self.wide), (NARROW, "-phone", self.narrow))
        return [
            Picture(f"{self.name}{suffix}{f'-{theme}' if every else ''}", "", theme, *size)
            for size, suffix, kept in sizes
            for theme in (THEMES if every else (kept,))
        ]


async def take_all(site: PortalDesk, into: Path, every: bool) -> None:
    """Of the sample company's desk with a referral, a question and a dead letter, in Spanish."""
    await fill(site.desk)
    desk = local_desk(site.desk.directory, {})
    for fault, tag in (("referral-waits", "2006"), ("unknown-event-type", "2007")):
        await BY_NAME[fault].inject(desk, tag)
    reference = await site.asked(await site.customer("pedido", access=False))
    roles = [it for role in ("reader", "agent", "operator", "auditor") for it in ("--role", role)]
    await account(site, "ana", "--email", STAFF, *roles)
    page = await signed_in(site, STAFF)
    base = site.desk.endpoints.console
    for shown in await _pages(site, page, f"{base}", reference):
        await page.goto(f"{base}{shown.path}")
        for picture in shown.pictures(every):
            await shoot(page, picture, into)
    await _dry_run(site, page, f"{base}", into, every)


async def _pages(site: PortalDesk, page: Page, base: str, reference: str) -> list[Shown]:
    """Every page once what it shows has come."""
    board = page.get_by_role("link", name="K-2006", exact=True)
    await site.open_until(page, f"{base}/es/derivaciones", board)
    referral = await board.first.get_attribute("href")
    asked = page.get_by_role("link", name=reference, exact=True)
    await site.open_until(page, f"{base}/es/consultas", asked)
    found = page.get_by_role("link", name=re.compile(r"^desk\.cancellations "))
    await site.open_until(page, f"{base}/es/casos?q=K-2006", found)
    record = await found.first.get_attribute("href")
    await site.open_until(page, f"{base}/es/correos", page.get_by_role("cell").first)
    return [
        Shown("overview", "/es/panorama"),
        Shown("case", "/es/casos?q=K-2006", "dark", "light"),
        Shown("inquiries", "/es/consultas"),
        Shown("referral", f"{referral}", "dark", "light"),
        Shown("messages", "/es/temas/desk.cancellations"),
        Shown("record", f"{record}", "dark", "light"),
        Shown("mails", "/es/correos"),
        Shown("due", "/es/vencimientos"),
        Shown("topics", "/es/temas", "dark", "light"),
    ]


async def _dry_run(site: PortalDesk, page: Page, base: str, into: Path, every: bool) -> None:
    """Dead letters, their group and one with what its service would decide now; then discarded:
    the audit has it.
    """
    await page.goto(f"{base}/es/mensajes-muertos")
    for picture in Shown("dead-letters", "", "dark", "light").pictures(every):
        await shoot(page, picture, into)
    await page.get_by_role("link", name=re.compile("ce_type")).first.click()
    for picture in Shown("dead-letter-group", "").pictures(every):
        await shoot(page, picture, into)
    await page.get_by_role("link", name=re.compile("2007-0")).first.click()
    await page.get_by_role("button", name="Ensayar").click()
    await page.get_by_text("ensayo").first.wait_for()
    for picture in Shown("dead-letter", "").pictures(every):
        await shoot(page, picture, into)
    await page.get_by_label("Por qué").fill("el remitente se equivocó de tipo")
    await page.get_by_role("button", name="Descartar").click()
    await site.open_until(page, f"{base}/es/auditoria", page.get_by_text("se equivocó").first)
    for picture in Shown("audit", "", "dark", "light").pictures(every):
        await shoot(page, picture, into)


async def on_a_new_desk(into: Path, every: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with portal_desk(Path(directory) / ".desk") as site:
            await take_all(site, into, every)
            await site.close_pages()


def main(into: Path, every: bool) -> None:
    if lack := tools.missing():
        sys.exit(lack)
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(on_a_new_desk(into, every))


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--all" in sys.argv[2:])
