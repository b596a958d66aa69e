"""From a question to its end (F4, F5): signed in, as a visitor, by keyboard, without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from shared.events.values import Language
from tests.browser.portal_desk import PortalDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")
REFERENCE = r"INQ-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]"
SET_MARK = "window.mark = 'as it was loaded'"
MARK = "window.mark"


async def ask(page: Page, subject: str, text: str) -> None:
    """As somebody who is signed in, from the start page."""
    await page.goto("/es")
    await page.get_by_role("link", name="Consultarnos").click()
    await page.get_by_role("link", name="Facturas y pagos").click()
    await page.get_by_label("Asunto").fill(subject)
    await page.get_by_label("Su consulta").fill(text)
    await page.get_by_role("button", name="Enviar consulta").click()


async def test_a_question_is_answered_followed_up_and_closed_without_a_reload(
    site: PortalDesk,
) -> None:
    customer = await site.customer("consulta")
    page = await site.signed_in(customer)

    await ask(page, "Factura de octubre", "¿Dónde está la factura de octubre?")
    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()
    reference = await page.locator(".reference").inner_text()
    confirmed = await site.mail(customer.email, about=reference)
    assert "Factura de octubre" in confirmed.body
    await page.get_by_role("link", name="Abrir esta consulta").click()
    await page.evaluate(SET_MARK)
    talk = page.get_by_role("region", name="Conversación")
    about = page.url.rpartition("/")[2]

    answer = "Se la hemos enviado hoy <por correo>."
    answered = site.world.agent(
        "inquiry_answered", about, inquiry_id=about, text=answer, resolve=True
    )
    await site.publish(answered)
    await expect(talk.get_by_text(answer)).to_be_visible()
    await expect(talk.get_by_text("Respondida")).to_be_visible()
    assert await page.evaluate(MARK) == "as it was loaded"
    assert answer in (await site.mail(customer.email, about=answer)).body

    await page.get_by_label("Su mensaje").fill("¿Y la de septiembre?")
    await page.get_by_role("button", name="Enviar mensaje").click()
    await expect(talk.get_by_text("¿Y la de septiembre?")).to_be_visible()
    await expect(talk.get_by_text("En curso")).to_be_visible()
    await expect(talk.get_by_text("En camino")).to_have_count(0)

    await page.get_by_role("button", name="Cerrar la consulta").click()
    await expect(talk.get_by_text("La consulta está cerrada.")).to_be_visible()
    await page.get_by_role("link", name="Mis consultas").first.click()
    row = page.get_by_role("listitem").filter(has_text=reference)
    await expect(row.get_by_text("Cerrada")).to_be_visible()
    assert sum(reference in mail.subject for mail in site.mails(customer.email)) >= 4


async def test_a_visitor_asks_in_english_with_the_keyboard_alone(site: PortalDesk) -> None:
    page = await site.visitor(locale="en-GB")
    await page.goto("/en/contact/orders")

    await page.keyboard.press("Tab")
    assert await focused(page) == "Skip to content"
    await page.keyboard.press("Enter")
    await tab_to(page, "Send inquiry")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("There are 4 things to correct")
    await tab_to(page, "Write the subject")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "subject"
    person = site.person("visitor")
    await page.keyboard.type("Order 4711")
    for field, words in (
        ("text", "Where is it?"),
        ("name", "Ana Prueba"),
        ("email", person.email),
    ):
        await tab_to(page, field)
        await page.keyboard.type(words)
    await tab_to(page, "Send inquiry")
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Confirmation sent to v•••@example.test")).to_be_visible()
    reference = await page.locator(".reference").inner_text()
    mail = await site.mail(person.email, about=reference)
    assert mail.language == Language.EN


async def test_without_scripts_a_reload_shows_what_came_back(site: PortalDesk) -> None:
    page = await site.visitor(java_script_enabled=False)
    person = site.person("sin-scripts")
    await page.goto("/es/contacto/pedidos")
    await page.get_by_label("Asunto").fill("Pedido")
    await page.get_by_label("Su consulta").fill("¿Cuándo llega?")
    await page.get_by_label("Nombre y apellidos").fill("Ana Prueba")
    await page.get_by_label("Correo electrónico").fill(person.email)
    await page.get_by_role("button", name="Enviar consulta").click()

    await site.mail(person.email)

    async def told() -> bool:
        again = page.get_by_role("link", name="Actualizar")
        if await again.count():
            await again.click()
        return "Confirmación enviada" in await page.content()

    await site.until(told)
    assert await page.get_by_role("link", name="Actualizar").count() == 0


async def focused(page: Page) -> str:
    """Returns the words of the focused element, or the id of a field."""
    return str(
        await page.evaluate(
            "(document.activeElement.id && document.activeElement.labels)"
            " ? document.activeElement.id : document.activeElement.innerText.trim()"
        )
    )


async def tab_to(page: Page, what: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await focused(page) == what:
            return
    raise AssertionError(f"Tab never leads to {what!r}")
