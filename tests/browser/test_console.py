"""The operations console on a running desk: an account, its code, and a case by its reference."""

from __future__ import annotations

import re
import time

import pytest
from playwright.async_api import Page, expect

from tests.browser.portal_desk import CODE, PortalDesk
from tests.browser.walk import faults_of
from tests.builders.desk_command import desk

BETWEEN_LOOKS_MS = 2_500
"""One member of staff may look for 30 cases a minute."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def account(site: PortalDesk, name: str, *more: str) -> None:
    made = await desk("staff", "add", name, *more, cwd=site.desk.directory.parent)
    assert made.code == 0, made.err


async def signed_in(site: PortalDesk, address: str) -> Page:
    """By the code that the account's mail brings; every page on the way is accessible."""
    page = await site.visitor()
    await page.goto(f"{site.desk.endpoints.console}/es/casos")
    assert await faults_of(page) == []
    await page.get_by_label("Correo electrónico").fill(address)
    await page.get_by_role("button", name="Enviarme un código").click()
    found = CODE.search((await site.mail(address)).body)
    assert found
    assert await faults_of(page) == []
    await page.get_by_label("Código").fill(f"{found[1]} {found[2]}")
    await page.get_by_role("main").get_by_role("button", name="Entrar").click()
    await expect(page.get_by_role("heading", name="Casos")).to_be_visible()
    return page


async def shown(page: Page, named: str, *, within_s: float = 60.0) -> None:
    """The case, once the index has it."""
    until = time.monotonic() + within_s
    heading = page.get_by_role("heading", name="Qué ha pasado")
    while True:
        await page.get_by_label("Referencia, contrato").fill(named)
        await page.get_by_role("button", name="Mostrar el caso").click()
        await heading.or_(page.get_by_role("alert")).first.wait_for()
        if await heading.is_visible():
            return
        assert time.monotonic() < until, named
        await page.wait_for_timeout(BETWEEN_LOOKS_MS)


async def test_a_member_of_staff_pastes_a_reference_and_is_signed_out_with_the_account(
    site: PortalDesk,
) -> None:
    customer = await site.customer("caso", access=False)
    question = site.world.submits(
        customer,
        "inquiry",
        request_type="orders",
        subject="Un pedido",
        text="¿Dónde está mi pedido?",
        contact=customer.contact,
    )
    await site.publish(question)
    mail = await site.mail(customer.email, about="INQ-")
    reference = re.search(r"INQ-[0-9A-Z-]+", mail.subject + mail.body)
    assert reference
    name, address = "marta", "marta@desk.example"
    await account(site, name, "--email", address, "--role", "reader")

    page = await signed_in(site, address)
    assert await faults_of(page) == []
    await shown(page, reference[0])
    await expect(page.get_by_text("desk.submissions")).not_to_have_count(0)
    body = await page.content()
    assert [it for it in (customer.email, customer.name, "mi pedido") if it in body] == []
    assert await faults_of(page) == []
    await page.get_by_label("Referencia, contrato").fill("no-hay")
    await page.get_by_role("button", name="Mostrar el caso").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await faults_of(page) == []

    gone = await desk("staff", "remove", name, cwd=site.desk.directory.parent)
    assert gone.code == 0
    await page.goto(f"{site.desk.endpoints.console}/es/casos")
    await expect(page.get_by_role("button", name="Enviarme un código")).to_be_visible()
