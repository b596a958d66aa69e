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

from tests.browser import tools
from tests.browser.portal_desk import portal_desk
from tests.browser.walk import somebody_new

COLOURS = 96
"""Pages have few; so a picture is a third of its size."""


@dataclass(frozen=True)
class Picture:
    name: str
    path: str
    theme: str
    width: int
    height: int


async def take(into: Path) -> None:
    """Starts a desk, fills it, and writes a PNG of each."""
    with tempfile.TemporaryDirectory() as directory:
        async with portal_desk(Path(directory) / ".desk") as site:
            somebody = await somebody_new(site)
            page = await site.signed_in(somebody.customer)
            inquiry, leaves = f"/es/consultas/{somebody.parts['id']}", somebody.parts["number"]
            for picture in (
                Picture("start", "/es", "light", 1280, 860),
                Picture("start-narrow-dark", "/es", "dark", 390, 844),
                Picture("conversation-dark", inquiry, "dark", 1280, 900),
                Picture("contract", f"/es/contratos/{leaves}", "light", 1280, 980),
            ):
                await page.goto(picture.path)
                await shoot(page, picture, into)
            await page.goto("/es/cancelar")
            for box in await page.get_by_role("checkbox", name="K-").all():
                await box.check()
            await page.get_by_role("button", name="Ver qué pasaría").click()
            await page.get_by_role("heading", name="Revise su solicitud").wait_for()
            await shoot(page, Picture("check", "", "light", 1280, 980), into)
            await site.close_pages()


async def shoot(page: Page, picture: Picture, into: Path) -> None:
    await page.emulate_media(color_scheme=picture.theme, reduced_motion="reduce")  # type: ignore[arg-type]  # two of playwright's words
    await page.set_viewport_size({"width": picture.width, "height": picture.height})
    await page.evaluate("document.fonts.ready")
    shot = Image.open(io.BytesIO(await page.screenshot(animations="disabled")))
    few = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(into / f"{picture.name}.png", optimize=True)


def main(into: Path) -> None:
    if lack := tools.missing():
        sys.exit(lack)
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(into))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
