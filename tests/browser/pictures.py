"""Takes the pictures of the portal's README: `python -m tests.browser.pictures docs/portal`."""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

from desk.commands.samples import ADDRESS, fill
from tests.browser import tools
from tests.browser.portal_desk import PortalDesk, portal_desk

COLOURS = 96
"""Pages have few; so a picture is a third of its size."""


@dataclass(frozen=True)
class Picture:
    name: str
    path: str
    theme: str
    width: int = 1280
    height: int = 900


PICTURES = (
    Picture("start", "/es", "light"),
    Picture("contract-dark", "/es/contratos/K-2003", "dark"),
    Picture("statement", "/es/estado-de-cuenta", "light"),
)
CHECK = Picture("check", "", "light", 1280, 1000)


async def take_all(site: PortalDesk, into: Path) -> None:
    """Of the sample company's pages, in Spanish."""
    await fill(site.desk)
    await site.until(lambda: site.queries.registered_under(ADDRESS))
    page = await site.visitor()
    await site.sign_in(page, ADDRESS)
    await site.open_until(page, "/es/estado-de-cuenta", page.get_by_text("976,20").first)
    await site.open_until(
        page, "/es/contratos/K-2003", page.get_by_role("link", name="Leerlo y aceptarlo")
    )
    for picture in PICTURES:
        await page.goto(picture.path)
        await shoot(page, picture, into)
    await page.goto("/es/cancelar")
    for number in ("K-2001", "K-2002"):
        await page.get_by_label(number).check()
    await page.get_by_role("button", name="Ver qué pasaría").click()
    await page.get_by_role("heading", name="Revise su solicitud").wait_for()
    await shoot(page, CHECK, into)


async def shoot(page: Page, picture: Picture, into: Path) -> None:
    await page.emulate_media(color_scheme=picture.theme, reduced_motion="reduce")  # type: ignore[arg-type]  # two of playwright's words
    await page.set_viewport_size({"width": picture.width, "height": picture.height})
    await page.evaluate("document.fonts.ready")
    shot = Image.open(io.BytesIO(await page.screenshot(animations="disabled")))
    few = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(into / f"{picture.name}.png", optimize=True)


async def on_a_new_desk(into: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with portal_desk(Path(directory) / ".desk") as site:
            await take_all(site, into)
            await site.close_pages()


def main(into: Path) -> None:
    if lack := tools.missing():
        sys.exit(lack)
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(on_a_new_desk(into))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
