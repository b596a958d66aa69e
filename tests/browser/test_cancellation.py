"""Cancelling (F10-F13): what would happen, what is decided, and thinking better of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from shared.events.values import Language, madrid_date
from shared.formats import written_day
from tests.browser.portal_desk import PortalDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


def in_thirty_days() -> str:
    return written_day(madrid_date(datetime.now(UTC)) + timedelta(days=30), Language.ES)


async def check(page: Page, *numbers: str) -> None:
    """Choose the contracts and continue to what would happen."""
    await page.goto("/es/contratos")
    await page.get_by_role("link", name="Cancelar contratos").click()
    for number in numbers:
        await page.get_by_label(number).check()


async def test_a_monthly_licence_is_cancelled_and_its_destruction_confirmed_later(
    site: PortalDesk,
) -> None:
    customer = await site.customer("mensual")
    number = await site.contract(customer, "monthly_licence")
    page = await site.signed_in(customer)
    await check(page, number)
    await page.get_by_role("button", name="Ver qué pasaría").click()

    await expect(page.get_by_text("Todavía no se ha enviado nada.")).to_be_visible()
    await expect(page.get_by_text("monthly-notice")).to_be_visible()
    await expect(page.get_by_text("Todavía falta:")).to_contain_text(
        "la confirmación de que se han destruido todas las copias"
    )
    kinds = [inquiry["kind"] for inquiry in await site.queries.inquiries(site.holder(customer))]
    assert kinds == ["registration"], "nothing has been sent"
    await page.get_by_role("button", name="Enviar la solicitud").click()
    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()
    await expect(page.get_by_role("heading", name=number).first).to_be_visible()

    complete = page.get_by_role("link", name="Completar su solicitud")
    await site.open_until(page, f"/es/contratos/{number}", complete)
    await complete.click()
    await page.get_by_role("button", name="Enviar").click()
    await expect(page.get_by_role("alert")).to_contain_text("Confirme la destrucción o firme")
    await page.get_by_label("Se han destruido todas las copias del software.").check()
    await page.get_by_role("button", name="Enviar").click()
    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()

    scheduled = page.get_by_text("Cancelación programada")
    await site.open_until(page, f"/es/contratos/{number}", scheduled)
    ends = in_thirty_days()
    await expect(page.get_by_role("region", name="Situación")).to_contain_text(ends)
    await site.mail(customer.email, about=ends)


async def test_a_scheduled_cancellation_is_withdrawn(site: PortalDesk) -> None:
    customer = await site.customer("retirada")
    number = await site.contract(customer, "monthly_licence")
    page = await site.signed_in(customer)
    await check(page, number)
    await page.get_by_label("Se han destruido todas las copias del software.").check()
    await page.get_by_role("button", name="Ver qué pasaría").click()
    ends = in_thirty_days()
    await expect(page.get_by_text(ends).first).to_be_visible()
    await page.get_by_role("button", name="Enviar la solicitud").click()
    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()

    withdraw = page.get_by_role("link", name="Retirar la cancelación")
    await site.open_until(page, f"/es/contratos/{number}", withdraw)
    await withdraw.click()
    await expect(page.get_by_text(f"tiene efecto el {ends}")).to_be_visible()
    await page.get_by_role("button", name="Retirar la cancelación").click()
    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()

    in_force = page.get_by_text("Está en vigor y no hay ninguna cancelación programada.")
    await site.open_until(page, f"/es/contratos/{number}", in_force)
    await expect(page.get_by_role("link", name="Ver qué pasaría si cancelo")).to_be_visible()


async def test_three_contracts_of_three_types_are_each_decided_by_their_own_policy(
    site: PortalDesk,
) -> None:
    customer = await site.customer("tres")
    monthly = await site.contract(customer, "monthly_licence")
    hardware = await site.contract(customer, "hardware_maintenance")
    once = await site.contract(customer, "passport_advantage")
    page = await site.signed_in(customer)
    await check(page, monthly, hardware, once)
    await page.get_by_label("Se han destruido todas las copias del software.").check()
    await page.get_by_label("Firma electrónica").fill(customer.name)
    await page.get_by_role("button", name="Ver qué pasaría").click()
    for number, policy in (
        (monthly, "monthly-notice"),
        (hardware, "written-notice"),
        (once, "single-charge"),
    ):
        await expect(page.get_by_role("region", name=number)).to_contain_text(policy)
    await page.get_by_role("button", name="Enviar la solicitud").click()

    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()
    await expect(page.get_by_text("Decidiéndose")).to_have_count(0)
    for number in (monthly, hardware, once):
        await expect(page.get_by_role("heading", name=number).first).to_be_visible()
    for number, state in (
        (monthly, "Cancelación programada"),
        (hardware, "Cancelado"),
        (once, "En vigor"),
    ):
        wanted = page.get_by_role("main").get_by_text(state)
        await site.open_until(page, f"/es/contratos/{number}", wanted)
    await site.until(lambda: one_mail_says(site, customer.email, (monthly, hardware, once)))


async def one_mail_says(site: PortalDesk, address: str, numbers: tuple[str, ...]) -> bool:
    """Whether the decisions on all of them came in one mail."""
    return any(
        "cancelación de 3 contratos" in mail.subject
        and all(number in mail.body for number in numbers)
        for mail in site.mails(address)
    )
