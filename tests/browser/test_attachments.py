"""Attachments from the click to the archive and back: a signed letter (F12), a question (F4)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import FilePayload, Page, expect

from shared.events.values import madrid_date
from tests.browser.portal_desk import PortalDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")

LETTER = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"


def file(name: str, kind: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


async def downloaded(page: Page, name: str) -> tuple[str, str]:
    """The name under which a browser saves the file, and the hash of its bytes."""
    async with page.expect_download() as saved:
        await page.get_by_role("link", name=name).first.click()
    download = await saved.value
    content = (await download.path()).read_bytes()
    return download.suggested_filename, hashlib.sha256(content).hexdigest()


async def test_a_signed_letter_completes_a_written_notice(site: PortalDesk) -> None:
    customer = await site.customer("carta")
    number = await site.contract(customer, "software_maintenance")
    page = await site.signed_in(customer)
    await page.goto(f"/es/cancelar?contract={number}")
    # Without notice it would take effect today, and be scheduled for a moment alone.
    ends = madrid_date(datetime.now(UTC)) + timedelta(days=20)
    await page.get_by_label("No antes de este día").fill(ends.isoformat())
    await page.get_by_role("button", name="Ver qué pasaría").click()
    await page.get_by_role("button", name="Enviar la solicitud").click()
    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()
    complete = page.get_by_role("link", name="Completar su solicitud")
    await site.open_until(page, f"/es/contratos/{number}", complete)
    await complete.click()

    await page.get_by_label("La carta firmada, escaneada o fotografiada").set_input_files(
        file("carta.html", "text/html", b"<!doctype html><script>alert(1)</script>")
    )
    await page.get_by_label("Firmada por").fill(customer.name)
    await page.get_by_role("button", name="Enviar").click()
    await expect(page.get_by_role("alert")).to_contain_text("Adjunte un PDF")

    await page.get_by_label("La carta firmada, escaneada o fotografiada").set_input_files(
        file("carta firmada.pdf", "application/pdf", LETTER)
    )
    today = madrid_date(datetime.now(UTC)).isoformat()
    await page.get_by_label("Fecha de la firma").fill(today)
    await page.get_by_role("button", name="Enviar").click()

    await expect(page.get_by_role("link", name="carta firmada.pdf")).to_be_visible()
    await expect(page.get_by_text("Guardado", exact=True)).to_be_visible()
    scheduled = page.get_by_text("Cancelación programada")
    await site.open_until(page, f"/es/contratos/{number}", scheduled)
    mail = await site.mail(customer.email, about="tiene efecto")
    assert number in mail.subject + mail.body


async def test_what_is_attached_is_in_the_conversation_for_its_customer_alone(
    site: PortalDesk,
) -> None:
    customer, stranger = await site.customer("adjunta"), await site.customer("otra")
    page = await site.signed_in(customer)
    await page.goto("/es/contacto/facturas")
    await page.get_by_label("Asunto").fill("Una factura")
    await page.get_by_label("Adjuntos").set_input_files(
        [
            file("factura.pdf", "application/pdf", LETTER),
            file("nota ñ.txt", "text/plain", "Una línea".encode()),
        ]
    )
    await page.get_by_role("button", name="Enviar consulta").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Su consulta").fill("La adjunto.")
    await page.get_by_label("Quitar nota ñ.txt").check()
    await page.get_by_role("button", name="Enviar consulta").click()
    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()
    await page.get_by_role("link", name="Abrir esta consulta").click()
    await expect(page.get_by_text("nota ñ.txt")).to_have_count(0)

    sent = hashlib.sha256(LETTER).hexdigest()
    assert await downloaded(page, "factura.pdf") == ("factura.pdf", sent)

    await page.get_by_label("Adjuntos").set_input_files(
        file("más ñ.txt", "text/plain", "Otra línea".encode())
    )
    await page.get_by_role("button", name="Enviar mensaje").click()
    await expect(page.get_by_role("link", name="más ñ.txt")).to_be_visible()
    told = hashlib.sha256("Otra línea".encode()).hexdigest()
    assert await downloaded(page, "más ñ.txt") == ("más ñ.txt", told)

    link = await page.get_by_role("link", name="factura.pdf").get_attribute("href")
    assert link is not None
    other = await site.signed_in(stranger)
    answer = await other.request.get(link)
    assert answer.status == 404
