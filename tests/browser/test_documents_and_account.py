"""A contract's text and copies, a ServicePac, the account, the inventory, and following."""

from __future__ import annotations

import csv
import hashlib
import re
from decimal import Decimal

import pytest
from playwright.async_api import APIResponse, Locator, Page, expect

from desk.commands.event_file import Outgoing
from desk.commands.send import send
from desk.demo.outside import DemoCustomer
from desk.local.broker import plain
from shared.events.inventory import InventoryItemRecorded
from tests.browser.portal_desk import CODE, PortalDesk
from tests.browser.walk import Somebody

pytestmark = pytest.mark.asyncio(loop_scope="session")
CONFIRMED = "Confirmación enviada a"
ITEM = "IT-301"
AMOUNT = re.compile(r"-?[0-9.]+,[0-9]{2}")


async def approve(site: PortalDesk, customer: DemoCustomer, number: str) -> None:
    """An agent approves the contract's text as it is now, and the pages know it."""

    async def document_id() -> str | None:
        found = await site.queries.contract(site.holder(customer), number)
        text: dict[str, str] = found["facts"].get("text") or {}
        return text.get("document_id")

    await site.until(document_id)
    act = {"contract_number": number, "document_id": await document_id()}
    await site.publish(site.world.agent("contract_approved", number, **act))


def assert_safe_download(answer: APIResponse) -> None:
    assert answer.ok
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_contracts_text_is_read_and_accepted_and_the_certificate_downloaded(
    site: PortalDesk,
) -> None:
    customer = await site.customer("aceptar")
    number = await site.contract(customer, "software_maintenance")
    await approve(site, customer, number)
    page = await site.signed_in(customer)
    read = page.get_by_role("link", name="Leerlo y aceptarlo")
    await site.open_until(page, f"/es/contratos/{number}", read)
    await read.click()

    text = await page.request.get(await href(page, "Descargar este texto"))
    assert_safe_download(text)
    digest = await page.locator(".digest").inner_text()
    assert hashlib.sha256(await text.body()).hexdigest() == digest
    await page.get_by_role("button", name="Aceptar el contrato").click()
    await expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    await page.get_by_label("He leído este texto y lo acepto.").check()
    await page.get_by_label("Su nombre").fill(customer.name)
    await page.get_by_role("button", name="Aceptar el contrato").click()
    await expect(page.get_by_text(CONFIRMED)).to_be_visible()

    accepted = page.get_by_text("Aceptado por usted")
    await site.open_until(page, f"/es/contratos/{number}", accepted)
    certificate = await page.request.get(await href(page, "Certificado de su aceptación"))
    assert_safe_download(certificate)
    assert (await certificate.body()).startswith(b"%PDF")


async def test_a_text_that_changed_since_it_was_opened_is_not_accepted(site: PortalDesk) -> None:
    customer = await site.customer("cambio")
    number = await site.contract(customer, "software_maintenance")
    await approve(site, customer, number)
    page = await site.signed_in(customer)
    accept = page.get_by_role("button", name="Aceptar el contrato")
    await site.open_until(page, f"/es/contratos/{number}/texto", accept)
    await site.publish(
        site.world.records(number, customer, "software_maintenance", title="Otro título")
    )

    async def changed() -> bool:
        found = await site.queries.contract(site.holder(customer), number)
        return bool(found["facts"]["text"]["version"] == 2)

    await site.until(changed)
    await page.get_by_label("He leído este texto y lo acepto.").check()
    await page.get_by_label("Su nombre").fill(customer.name)
    await accept.click()

    await expect(page.get_by_role("alert")).to_contain_text("no se ha aceptado nada")
    await expect(page.locator("pre.document")).to_contain_text("Otro título")
    await expect(accept).to_have_count(0)


async def test_a_copy_is_requested_and_downloaded(site: PortalDesk) -> None:
    customer = await site.customer("copia")
    number = await site.contract(customer, "hardware_maintenance")
    page = await site.signed_in(customer)
    await page.goto(f"/es/contratos/{number}")
    await page.get_by_role("link", name="Pedir una copia").click()
    await page.get_by_role("button", name="Pedir la copia").click()

    await expect(page.get_by_text(CONFIRMED)).to_be_visible()
    copy = await page.request.get(await href(page, "Descargar el documento"))
    assert_safe_download(copy)
    assert (await copy.body()).startswith(b"%PDF")
    listed = page.get_by_role("link", name="Copia certificada")
    await site.open_until(page, f"/es/contratos/{number}", listed)


async def test_a_servicepac_is_activated_by_the_code_that_the_mail_brought(
    site: PortalDesk,
) -> None:
    customer = await site.customer("servicepac")
    code = "K7-2MM4"
    number = await site.contract(customer, "servicepac", activation_code=code)
    assert code in (await site.mail(customer.email, about=number)).body
    page = await site.signed_in(customer)
    for tried, answer in (
        ("K7-OTRO", "Intentos restantes: 4"),
        (code.lower(), "está activado"),
    ):
        await page.goto("/es/activar")
        await page.get_by_label("Número de contrato").fill(number)
        await page.get_by_label("Código de activación").fill(tried)
        await page.get_by_role("button", name="Activar").click()
        await expect(page.get_by_text(CONFIRMED)).to_be_visible()
        await expect(page.locator(".words").last).to_contain_text(answer)
    in_force = page.get_by_role("main").get_by_text("En vigor")
    await site.open_until(page, f"/es/contratos/{number}", in_force)


async def test_the_statement_adds_up_to_the_bookings_and_to_the_open_invoices(
    site: PortalDesk, somebody: Somebody
) -> None:
    page = await site.signed_in(somebody.customer)
    balance = page.get_by_role("heading", name="Saldo 976,20")
    await site.open_until(page, "/es/estado-de-cuenta", balance)

    open_items = page.get_by_role("group", name="Facturas pendientes").locator("tbody tr")
    bookings = page.get_by_role("group", name="Todos los apuntes").locator("tbody tr")
    assert sum(await amounts_in(open_items.locator("td:last-child"))) == Decimal("976.20")
    amounts = await amounts_in(bookings.locator("td:nth-last-child(2)"))
    assert sum(amounts) == Decimal("976.20")
    assert (await amounts_in(bookings.locator("td:last-child")))[-1] == Decimal("976.20")
    kept = await page.request.get(await href(page, "Descargar en CSV"))
    assert_safe_download(kept)
    rows = list(csv.reader((await kept.text()).splitlines()))
    assert [Decimal(row[4]) for row in rows[1:]] == amounts

    await open_items.get_by_role("link").first.click()
    await expect(page.get_by_role("heading", name="Factura F-2026-")).to_be_visible()


async def test_a_correction_of_an_item_that_changed_meanwhile_shows_both_and_is_sent_again(
    site: PortalDesk, somebody: Somebody
) -> None:
    page = await site.signed_in(somebody.customer)
    send_it = page.get_by_role("button", name="Enviar la corrección")
    await site.open_until(page, f"/es/inventario/{ITEM}", send_it)
    await page.get_by_label("Ubicación").fill("Sevilla")
    changed = {
        "item_id": ITEM,
        "customer_id": somebody.customer.id,
        "product": "Servidor de bastidor 2U",
        "site": "Valencia",
        "status": "in_use",
        "version": 2,
    }
    broker = plain(site.desk.endpoints.kafka_bootstrap_servers)
    await send(
        broker, [Outgoing(InventoryItemRecorded.ce_type, "test-item", "/inventory", changed)]
    )
    other = await page.context.new_page()
    await site.open_until(other, f"/es/inventario/{ITEM}", other.get_by_text("Valencia"))

    await send_it.click()
    conflict = page.get_by_role("alert")
    await expect(conflict).to_contain_text("Valencia")
    await expect(conflict).to_contain_text("Sevilla")
    await send_it.click()
    await expect(page.get_by_text(CONFIRMED)).to_be_visible()
    pending = page.get_by_text("Corrección pendiente")
    await site.open_until(page, f"/es/inventario/{ITEM}", pending)


async def test_an_inquiry_is_followed_by_its_reference_and_a_code_and_nothing_of_it_is_told(
    site: PortalDesk,
) -> None:
    person = site.person("seguir")
    question = site.world.submits(
        person,
        "inquiry",
        request_type="contracts",
        subject="Asunto reservado",
        text="Un secreto",
        contact=person.contact,
    )
    await site.publish(question)
    mail = await site.mail(person.email)
    reference = re.search(r"INQ-\S+?(?=\])", mail.subject)
    assert reference
    page = await site.visitor()

    async def asked() -> bool:
        """The mail may be there before the pages know the inquiry."""
        return bool((await site.queries.answer(question.inquiry_id)).get("reference"))

    await site.until(asked)
    await page.goto("/es/seguir")
    await page.get_by_label("Referencia").fill(reference[0])
    await page.get_by_label("Correo electrónico").fill(person.email)
    await page.get_by_role("button", name="Enviarme un código").click()
    code = CODE.search((await site.mail(person.email, after=1)).body)
    assert code
    await page.get_by_label("Código").fill(code[1] + code[2])
    await page.get_by_role("button", name="Ver cómo va").click()

    await expect(page.get_by_role("heading", name="Cómo va")).to_be_visible()
    shown = await page.content()
    for secret in ("Asunto reservado", "Un secreto", person.name, person.email):
        assert secret not in shown


async def test_a_consent_that_is_withdrawn_ends_the_access_to_contracts(site: PortalDesk) -> None:
    customer = await site.customer("consentimiento")
    await site.contract(customer, "hardware_maintenance")
    page = await site.signed_in(customer)
    await page.goto("/es/perfil")
    await page.get_by_role("link", name="Retirar").first.click()
    await page.get_by_role("button", name="Retirar el consentimiento").click()
    await expect(page.get_by_text(CONFIRMED)).to_be_visible()

    ended = page.get_by_text("Su acceso aún no está autorizado")
    await site.open_until(page, "/es/contratos", ended)


async def href(page: Page, name: str) -> str:
    found = await page.get_by_role("link", name=name).first.get_attribute("href")
    assert found
    return found


async def amounts_in(cells: Locator) -> list[Decimal]:
    """The amounts in some cells of a table, as numbers."""
    written = [AMOUNT.search(text.replace("−", "-")) for text in await cells.all_inner_texts()]
    return [Decimal(found[0].replace(".", "").replace(",", ".")) for found in written if found]
