"""Every page: accessible, without an error on the console, in both themes, narrow and wide."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page

from services.operations_console.routes import PAGES as CONSOLE_PAGES
from shared.events.values import Language
from shared.web.sessions import Role
from tests.browser.portal_desk import PATIENCE_S, PortalDesk
from tests.browser.staff import account, signed_in
from tests.browser.walk import LOOKS, PARAMETER, SHOWN, Somebody, address, faults_of, sent_by

pytestmark = pytest.mark.asyncio(loop_scope="session")
ELSEWHERE = ("provider", "provider_return")
"""Both lead on at once; what is shown where they fail is in `test_provider.py`."""
VISITORS = [page.name for page in SHOWN if not page.for_holders and page.name not in ELSEWHERE]
HOLDERS = [page.name for page in SHOWN if page.for_holders or page.name == "sent"]
CONSOLE = [
    *(
        it.path(Language.ES)
        for it in CONSOLE_PAGES
        if it.role and not it.is_live and not PARAMETER.search(it.es)
    ),
    "/es/consultas?board=open",
    "/es/derivaciones?board=renewals_referred",
    "/es/mensajes-muertos?before=0-1.1-1.2-1.3-1.4-1.5-1",
    "/es/correos?q=no-hay",
]
"""Its lists, some with another part; one thing's own page is in `test_console_acts.py`."""
NARROW = LOOKS[:1]
"""In English the words alone differ, which are longest for a narrow screen."""


async def test_a_planted_fault_is_found_in_the_theme_and_at_the_width_that_it_has(
    site: PortalDesk,
) -> None:
    page = await site.visitor()
    await page.goto("/es/privacidad")
    await page.evaluate(
        """const heading = document.querySelector("h1");
        heading.style.color = "light-dark(black, #333)";
        const wide = document.createElement("p");
        wide.textContent = "ancho";
        wide.style.width = "800px";
        heading.after(wide);"""
    )

    found = await faults_of(page)

    assert sum(" dark 375: color-contrast" in fault for fault in found) == 1
    assert sum(" dark 1280: color-contrast" in fault for fault in found) == 1
    assert sum("375: wider than the window" in fault for fault in found) == 2
    assert len(found) == 4


async def test_every_page_of_a_visitor_is_accessible(site: PortalDesk) -> None:
    page = await site.visitor()
    parts = {"topic": "contratos", "id": await sent_by(page)}
    found = await walk(page, VISITORS, parts)

    await page.goto("/es?q=cancelar")
    found += await faults_of(page)
    await page.goto("/es/no-hay")
    found += await faults_of(page)
    for path, button in (
        ("/es/registro", "Registrarse"),
        ("/es/contacto/facturas", "Enviar consulta"),
        ("/es/entrar", "Enviarme un código"),
    ):
        await page.goto(path)
        await page.get_by_role("main").get_by_role("button", name=button).click()
        await page.get_by_role("alert").wait_for()
        found += await faults_of(page)
    await page.goto("/es/entrar")
    await page.get_by_label("Correo electrónico").fill("nadie@example.test")
    await page.get_by_role("button", name="Enviarme un código").click()
    await page.get_by_label("Código").fill("12345678")
    await page.get_by_role("main").get_by_role("button", name="Entrar").click()
    await page.get_by_role("alert").wait_for()
    found += await faults_of(page)

    assert found == []


async def test_every_page_of_a_customer_is_accessible(site: PortalDesk, somebody: Somebody) -> None:
    page = await site.signed_in(somebody.customer)
    parts = {**somebody.parts, "sent.id": await sent_by(page)}
    found = await walk(page, HOLDERS, parts)

    await page.goto("/es/cancelar")
    await page.get_by_role("button", name="Ver qué pasaría").click()
    await page.get_by_role("alert").wait_for()
    found += await faults_of(page)
    await page.get_by_role("checkbox").first.check()
    await page.get_by_role("button", name="Ver qué pasaría").click()
    await page.get_by_role("heading", name="Revise su solicitud").wait_for()
    found += await faults_of(page)
    await page.goto(f"/es/contratos/{somebody.parts['evidence.number']}")
    found += await faults_of(page)

    assert found == []


async def test_every_list_of_the_console_is_accessible(site: PortalDesk) -> None:
    roles = [it for role in Role for it in ("--role", role)]
    await account(site, "todos", "--email", "todos@desk.example", *roles)
    page = await signed_in(site, "todos@desk.example", "/es/panorama", "Panorama")
    found = []
    for path in CONSOLE:
        await until_there(page, f"{site.desk.endpoints.console}{path}")
        found += await faults_of(page)

    assert found == []


async def walk(page: Page, names: list[str], parts: dict[str, str]) -> list[str]:
    """Returns the faults of the pages of these names, in both languages."""
    found = []
    for shown in SHOWN:
        if shown.name not in names:
            continue
        for language, looks in ((Language.ES, LOOKS), (Language.EN, NARROW)):
            path = address(shown, language, parts)
            await until_there(page, path)
            found += await faults_of(page, looks)
    return found


async def until_there(page: Page, path: str) -> None:
    """Loads the page until it is there: a fresh report reaches the pages with a delay."""
    async with asyncio.timeout(PATIENCE_S):
        while not ((answer := await page.goto(path)) and answer.ok):
            await asyncio.sleep(0.5)
