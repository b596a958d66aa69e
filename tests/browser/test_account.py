"""The account's rooms from the click on: the profile (F2), orders (F13), the statement (F15)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from playwright.async_api import expect
from pypdf import PdfReader

from desk.commands.event_file import Outgoing
from desk.commands.send import send
from desk.local.broker import plain
from shared.events.orders import OrderPlaced, ShipmentDelivered, ShipmentDispatched
from shared.events.values import Language
from shared.formats import written_day
from tests.browser.portal_desk import PortalDesk
from tests.browser.walk import Somebody

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_new_address_is_confirmed_there_and_told_to_the_old_one_which_gets_no_code(
    site: PortalDesk,
) -> None:
    customer = await site.customer("perfil")
    new = site.person("perfil-nuevo").email
    page = await site.with_session(customer)
    await page.goto("/es/perfil")
    send_it = page.get_by_role("button", name="Enviar los cambios")
    await send_it.click()
    await expect(page.get_by_role("alert")).to_contain_text("Cambie al menos uno")
    await page.get_by_label("Correo electrónico").fill(new)
    await page.get_by_label("Teléfono").fill("+34 611 111 111")
    await page.get_by_label("Idioma de nuestros correos").select_option("en")
    await send_it.click()
    await expect(page.get_by_text("Confirmación enviada a p•••@example.test")).to_be_visible()

    await site.until(lambda: site.queries.registered_under(new))
    await page.goto("/es/perfil")
    await expect(page.get_by_label("Correo electrónico")).to_have_value(new)
    await expect(page.get_by_label("Teléfono")).to_have_value("+34 611 111 111")
    told = await site.mail(customer.email, about="does not say what the new address is")
    assert new not in told.body, "whoever has the old address need not know the new one"
    assert (await site.mail(new)).language == Language.EN
    assert await site.queries.registered_under(customer.email) == []


async def test_an_order_is_followed_from_its_placing_to_its_arrival(site: PortalDesk) -> None:
    customer = await site.customer("pedido")
    broker = plain(site.desk.endpoints.kafka_bootstrap_servers)
    today = site.world.now.date()
    promised = today + timedelta(days=9)
    of = {"order_number": "PED-7001", "customer_id": customer.id}
    lines = [
        {"line": number, "product": f"P-{number}", "description": what, "quantity": quantity}
        | {"promised_on": promised.isoformat()}
        for number, what, quantity in ((1, "Disco de 8 TB", 6), (2, "Memoria de 64 GB", 4))
    ]
    placed = of | {"placed_on": today.isoformat(), "lines": lines, "sequence": 1}
    page = await site.with_session(customer)

    async def reported(ce_type: str, ce_id: str, said: Mapping[str, Any], state: str) -> None:
        """Upstream reports it, and the list shows the order under its state and no other one."""
        about = f"{ce_id} of {customer.id}"
        await send(broker, [Outgoing(ce_type, about, "/orders", dict(said))])
        await site.open_until(page, "/es/pedidos", page.get_by_role("listitem").get_by_text(state))
        filters = page.get_by_role("navigation", name="Filtrar")
        await filters.get_by_role("link", name=state, exact=True).click()
        await expect(page.get_by_role("link", name="PED-7001")).to_be_visible()
        await filters.get_by_role("link", name="Cancelado").click()
        await expect(page.get_by_role("link", name="PED-7001")).to_have_count(0)

    await reported(OrderPlaced.ce_type, "placed", placed, "En preparación")
    await page.goto("/es/pedidos/PED-7001")
    await expect(page.get_by_role("group", name="Líneas")).to_contain_text("Memoria de 64 GB")
    promise = written_day(promised, Language.ES)
    await expect(page.get_by_role("group", name="Líneas")).to_contain_text(promise)

    now = site.world.now.isoformat()
    for number, after in ((1, "Entregado en parte"), (2, "Entregado")):
        parcel = of | {"shipment_number": f"ENV-7001-{number}"}
        dispatched = parcel | {
            "carrier": "Transportes de Ejemplo",
            "tracking_number": f"TE7001{number}ES",
            "tracking_url": f"https://carrier.example/{number}",
            "dispatched_at": now,
            "lines": [{"line": number, "quantity": 6 if number == 1 else 4}],
        }
        on_its_way = "En camino" if number == 1 else "Entregado en parte"
        await reported(ShipmentDispatched.ce_type, f"sent {number}", dispatched, on_its_way)
        arrived = parcel | {"delivered_at": now, "received_by": "Recepción"}
        await reported(ShipmentDelivered.ce_type, f"there {number}", arrived, after)
    await page.goto("/es/pedidos/PED-7001")
    for number, contents in ((1, "6 × Disco de 8 TB"), (2, "4 × Memoria de 64 GB")):
        parcel_shown = page.get_by_role("article", name=f"ENV-7001-{number}")
        await expect(parcel_shown).to_contain_text(contents)
        await expect(parcel_shown).to_contain_text("recibido por Recepción")
        link = parcel_shown.get_by_role("link", name=f"TE7001{number}ES")
        await expect(link).to_have_attribute("href", f"https://carrier.example/{number}")


async def test_the_statements_pdf_is_downloaded_with_the_rows_and_the_balance_of_the_page(
    site: PortalDesk, somebody: Somebody
) -> None:
    page = await site.with_session(somebody.customer)
    await page.goto("/es/cuenta")
    await page.get_by_role("link", name="Estado de cuenta").first.click()
    balance = page.get_by_role("heading", name="Saldo 976,20")
    await expect(balance).to_be_visible()
    numbers = (
        await page.get_by_role("group", name="Todos los apuntes")
        .locator("tbody th")
        .all_inner_texts()
    )
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="Descargar en PDF").click()
    download = await saved.value

    assert download.suggested_filename.endswith(".pdf")
    pages = PdfReader(BytesIO((await download.path()).read_bytes())).pages
    said = " ".join(" ".join(it.extract_text() for it in pages).split())
    for shown in ("976,20", somebody.customer.id, *numbers):
        assert shown in said
    assert len(numbers) >= 6
