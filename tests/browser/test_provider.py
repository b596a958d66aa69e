"""Signing in with an OpenID Connect provider, in a browser: there and back, and out of both."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.portal_desk import PortalDesk
from tests.browser.walk import faults_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def forgetful(shared_site: PortalDesk) -> Iterator[None]:
    yield
    shared_site.provider.claims, shared_site.provider.declines = {}, False


async def begun(page: Page, path: str = "/es/perfil") -> None:
    await page.goto(path)
    await page.get_by_role("link", name="Entrar con Empresa").click()


async def test_a_customer_signs_in_at_the_provider_and_out_of_both(site: PortalDesk) -> None:
    customer = await site.customer("proveedor", access=False)
    site.provider.claims = {"email": customer.email, "email_verified": True}
    page = await site.visitor()

    await begun(page)
    await expect(page).to_have_url(re.compile("/es/perfil$"))

    await page.get_by_role("button", name="Salir").click()
    await expect(page.get_by_role("heading", name="Ha salido")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Salir también de allí").click()
    await expect(page).to_have_url(f"{site.url}/es")
    await page.goto("/es/perfil")
    await expect(page.get_by_role("button", name="Enviarme un código")).to_be_visible()


async def test_who_is_not_signed_in_there_is_told_so_and_finds_the_code(site: PortalDesk) -> None:
    site.provider.declines = True
    page = await site.visitor()

    await begun(page)

    await expect(page.get_by_role("heading", name="No ha entrado")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("main").get_by_role("link", name="Entrar").last.click()
    await expect(page.get_by_role("button", name="Enviarme un código")).to_be_visible()
