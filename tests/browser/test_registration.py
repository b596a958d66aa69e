"""Registration (F2, F3), and the first sign-in with a code."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from shared.web.sessions import Holder
from tests.browser.portal_desk import PortalDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_faulty_registration_shows_all_faults_and_a_sound_one_leads_to_the_contracts(
    site: PortalDesk,
) -> None:
    person = site.person("registro")
    page = await site.visitor()
    await page.goto("/es/registro")
    await page.get_by_label("Empresa").fill("Empresa de Prueba")
    await page.get_by_label("Teléfono").fill("ninguno")
    await page.get_by_role("button", name="Registrarse").click()

    faults = page.get_by_role("alert").get_by_role("link")
    await expect(faults).to_have_text(
        [
            "Escriba su nombre",
            "Escriba su correo electrónico",
            "Escriba un número de teléfono, como +34 600 000 000",
            "Sin este consentimiento no podemos completar el registro",
            "Sin este consentimiento no podemos completar el registro",
        ]
    )
    await expect(page.get_by_label("Empresa")).to_have_value("Empresa de Prueba")
    await expect(page.get_by_label("Teléfono")).to_have_value("ninguno")
    await expect(page.get_by_label("Teléfono")).to_have_attribute("aria-invalid", "true")

    await page.get_by_label("Nombre y apellidos").fill(person.name)
    await page.get_by_label("Correo electrónico").fill(person.email)
    await page.get_by_label("Teléfono").fill("+34 600 000 000")
    for consent in ("guarde mis datos personales", "envíe mis datos personales"):
        await page.get_by_label(consent).check()
    await page.get_by_role("main").get_by_role("button", name="Registrarse").click()
    await expect(page.get_by_role("link", name="Entrar con un código")).to_be_visible()
    assert len(site.mails(person.email)) == 2, "the confirmation and the decision"

    await site.until(lambda: site.queries.registered_under(person.email))
    await site.sign_in(page, person.email)
    await page.goto("/es/contratos")
    await expect(page.get_by_text("Su acceso aún no está autorizado")).to_be_visible()

    [profile] = await site.queries.registered_under(person.email)
    assert profile["name"] == person.name
    act = site.world.agent(
        "access_authorised", profile["customer_id"], customer_id=profile["customer_id"]
    )
    await site.publish(act)

    async def has_access() -> bool:
        found = await site.queries.profile(Holder(profile["customer_id"]))
        return bool(found and found["access"])

    await site.until(has_access)
    await page.reload()
    await expect(page.get_by_text("No consta ningún contrato a su nombre")).to_be_visible()
    await page.get_by_role("button", name="Salir").click()
    await page.goto("/es/contratos")
    await expect(page.get_by_role("button", name="Enviarme un código")).to_be_visible()
