"""A passkey of a virtual authenticator: added, used to sign in, removed; and no passkey at all."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.portal_desk import PortalDesk
from tests.browser.walk import faults_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def with_device(page: Page, **other: object) -> None:
    """The browser has a device of its own, whose owner is always there."""
    control = await page.context.new_cdp_session(page)
    await control.send("WebAuthn.enable")
    await control.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE | other})


async def test_a_customer_adds_a_passkey_signs_in_with_it_and_removes_it(site: PortalDesk) -> None:
    customer = await site.customer("llave")
    page = await site.signed_in(customer)
    await with_device(page)
    await page.goto("/es/perfil")
    await page.get_by_role("link", name="Gestionar las llaves de acceso").click()
    await page.get_by_label("Nombre de la llave de acceso").fill("Portátil de la oficina")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Añadir una en este dispositivo").click()
    kept = page.get_by_role("link", name="Portátil de la oficina")
    await expect(kept).to_contain_text("sin usar todavía")
    mail = await site.mail(customer.email, about="Se ha añadido una llave de acceso")
    assert "Portátil de la oficina" in mail.body

    await page.get_by_role("button", name="Salir").click()
    await page.goto("/es/perfil/llaves")
    await page.get_by_role("button", name="Entrar con una llave de acceso").click()
    await expect(kept).to_contain_text("usada por última vez")
    assert page.url.endswith("/es/perfil/llaves"), "where the customer wanted to go"

    await kept.click()
    await page.get_by_role("button", name="Quitar la llave de acceso").click()
    await expect(page.get_by_text("Aún no tiene ninguna llave de acceso")).to_be_visible()
    await site.mail(customer.email, about="Se ha quitado una llave de acceso")
    await page.get_by_role("button", name="Salir").click()
    await page.goto("/es/entrar")
    await page.get_by_role("button", name="Entrar con una llave de acceso").click()
    await expect(page.get_by_text("No conocemos esta llave de acceso")).to_be_visible()
    assert await faults_of(page) == []


async def test_a_device_that_verifies_nobody_signs_nobody_in_and_the_page_says_so(
    site: PortalDesk,
) -> None:
    page = await site.visitor()
    await with_device(page, isUserVerified=False)
    await page.goto("/es/entrar")

    await page.get_by_role("button", name="Entrar con una llave de acceso").click()

    await expect(page.get_by_text("Su dispositivo no ha dado ninguna")).to_be_visible()
    await expect(page.get_by_role("button", name="Enviarme un código")).to_be_visible()


async def test_without_scripts_the_code_remains(site: PortalDesk) -> None:
    page = await site.visitor(java_script_enabled=False)

    await page.goto("/es/entrar")

    await expect(page.get_by_role("button", name="Enviarme un código")).to_be_visible()
    await expect(page.get_by_role("button", name="Entrar con una llave de acceso")).to_be_hidden()
