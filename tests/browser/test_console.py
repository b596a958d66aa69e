"""The operations console on a running desk: an account, its code, and a case by its reference."""

from __future__ import annotations

import re
import time

import pytest
from playwright.async_api import Page, expect

from tests.browser.portal_desk import PortalDesk
from tests.browser.staff import account, signed_in
from tests.browser.walk import faults_of
from tests.builders.desk_command import desk

BETWEEN_LOOKS_MS = 2_500
"""One member of staff may look for 30 cases a minute."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
    await site.asked(customer)
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


async def test_each_kind_of_id_leads_to_the_same_timeline_and_what_was_unmasked_is_in_the_audit(
    site: PortalDesk,
) -> None:
    stranger, number = site.person("linea"), site.world.contract("LINEA")
    sent = site.world.submits(
        stranger,
        "cancellation",
        contract_numbers=[number],
        contact=stranger.contact,
        destruction_confirmed=True,
    )
    await site.publish(site.world.records(number, stranger, "monthly_licence"), sent)
    mail = await site.mail(stranger.email, about="INQ-")
    reference = re.search(r"INQ-[0-9A-Z-]+", mail.subject + mail.body)
    assert reference
    name, address = "lucia", "lucia@desk.example"
    await account(site, name, "--email", address, "--role", "agent", "--role", "auditor")
    page = await signed_in(site, address)
    await shown(page, reference[0])
    await until_shown(page, reference[0], "desk.cancellations", "desk.notifications")
    fields = " ".join(await page.locator("details pre").all_text_contents())
    [hashed] = set(re.findall(r'"recipient_hash": "([0-9a-f]+)"', fields))
    decided = page.get_by_role("link", name=re.compile(r"^desk\.cancellations "))
    event = await page.context.new_page()
    await event.goto(f"{site.desk.endpoints.console}{await decided.first.get_attribute('href')}")
    assert await faults_of(event) == []
    event_id = await event.locator("dt:text-is('ce_id') + dd").inner_text()
    assert sent.inquiry_id

    expected = await places(page, reference[0])
    for pasted in (sent.inquiry_id, sent.id, number, stranger.id, hashed, event_id):
        until = time.monotonic() + 120.0
        while (await places(page, pasted)) != expected:
            assert time.monotonic() < until, pasted
            await page.wait_for_timeout(4 * BETWEEN_LOOKS_MS)
            expected = await places(page, reference[0])

    await page.get_by_role("link", name=re.compile(r"^desk\.submissions ")).click()
    assert stranger.email not in await page.content()
    assert await faults_of(page) == []
    await page.get_by_label("Motivo").fill("pregunta por teléfono")
    await page.get_by_role("button", name="Mostrar lo oculto").click()
    await expect(page.get_by_text(stranger.email)).to_be_visible()
    assert await faults_of(page) == []

    async def is_told() -> bool:
        await page.goto(f"{site.desk.endpoints.console}/es/auditoria?q={name}")
        return await page.get_by_text("pregunta por teléfono").is_visible()

    await site.until(is_told)
    assert await faults_of(page) == []
    for path in ("temas", "temas/desk.submissions", "temas/desk.submissions?since=2026-01-01"):
        await page.goto(f"{site.desk.endpoints.console}/es/{path}")
        assert await faults_of(page) == []
    await page.goto(f"{site.desk.endpoints.console}/es/temas/desk.submissions?id={sent.id}")
    await expect(page.get_by_role("link", name=re.compile(r"^desk\.submissions "))).to_be_visible()


async def places(page: Page, named: str) -> list[str]:
    """Where the steps of a case lie."""
    await shown(page, named)
    return await page.locator("#happened + div td:last-child a").all_text_contents()


async def until_shown(page: Page, named: str, *topics: str, within_s: float = 60.0) -> None:
    """The case, once each of these topics has a step of it."""
    until = time.monotonic() + within_s
    while not all([any(topic in it for it in await places(page, named)) for topic in topics]):
        assert time.monotonic() < until, topics
        await page.wait_for_timeout(2 * BETWEEN_LOOKS_MS)
