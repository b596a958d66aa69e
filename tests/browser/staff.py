"""Members of staff in a browser: an account by command, then signed in with its mail's code."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.portal_desk import CODE, PortalDesk
from tests.browser.walk import faults_of
from tests.builders.desk_command import desk


async def account(site: PortalDesk, name: str, *more: str) -> None:
    made = await desk("staff", "add", name, *more, cwd=site.desk.directory.parent)
    assert made.code == 0, made.err


async def signed_in(
    site: PortalDesk, address: str, path: str = "/es/casos", heading: str = "Casos"
) -> Page:
    """By the code that the account's mail brings; every page on the way is accessible."""
    page = await site.visitor()
    await page.goto(f"{site.desk.endpoints.console}{path}")
    assert await faults_of(page) == []
    await page.get_by_label("Correo electrónico").fill(address)
    await page.get_by_role("button", name="Enviarme un código").click()
    found = CODE.search((await site.mail(address)).body)
    assert found
    assert await faults_of(page) == []
    await page.get_by_label("Código").fill(f"{found[1]} {found[2]}")
    await page.get_by_role("main").get_by_role("button", name="Entrar").click()
    await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    return page


async def member(site: PortalDesk, name: str, role: str, path: str, heading: str) -> Page:
    """A new account of one role, signed in."""
    address = f"{name}@desk.example"
    await account(site, name, "--email", address, "--role", role)
    return await signed_in(site, address, path, heading)
