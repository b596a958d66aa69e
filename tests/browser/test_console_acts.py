"""Agents and operators act in the console of a running desk, and other systems hear of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from playwright.async_api import Page, expect

from desk.demo.story import SentRecord
from shared.events.topics import DEAD_LETTERS, INTAKE
from shared.kafka.topic_records import records_on
from shared.operations.dead_letters.letter import LetterId
from shared.operations.decoded_record import DecodedRecord, decoded
from tests.browser.portal_desk import PortalDesk, headers_of
from tests.browser.staff import member
from tests.browser.walk import faults_of
from tests.builders.clients import settings_at
from tests.builders.dead_letters import dead_letter

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def published(site: PortalDesk, topic: str, ce_type: str, key: str) -> list[DecodedRecord]:
    settings = settings_at(site.desk.endpoints.kafka_bootstrap_servers)
    found = [decoded(record) async for record in records_on(settings, [topic])]
    return [it for it in found if it.type == ce_type and it.key == key]


async def opened(site: PortalDesk, page: Page, path: str, name: str) -> None:
    """The board until it names this, then what it names."""
    link = page.get_by_role("link", name=name, exact=True)
    await site.open_until(page, f"{site.desk.endpoints.console}{path}", link)
    assert await faults_of(page) == []
    await link.first.click()


async def test_an_agents_answer_reaches_the_customer_and_a_colleague_who_was_later_hears_of_it(
    site: PortalDesk,
) -> None:
    customer = await site.customer("pedido", access=False)
    reference = await site.asked(customer)
    board = "/es/consultas"
    clara = await member(site, "clara", "agent", board, "Consultas")
    pablo = await member(site, "pablo", "agent", board, "Consultas")
    for page in (clara, pablo):
        await opened(site, page, board, reference)
        await expect(page.get_by_role("heading", name=reference)).to_be_visible()
    assert await faults_of(clara) == []
    assert "mi pedido" not in await clara.content()

    await clara.get_by_label("Respuesta al cliente").fill("Su pedido llega mañana a las diez.")
    await clara.get_by_label("Con esto queda respondido todo").check()
    await clara.get_by_role("button", name="Enviar la respuesta").click()
    await expect(clara.get_by_text("decidido", exact=True)).to_be_visible()
    await expect(clara.get_by_text("Consulta resuelta")).to_be_visible()
    assert await faults_of(clara) == []

    await pablo.get_by_label("Respuesta al cliente").fill("No sabemos nada de ese pedido.")
    await pablo.get_by_role("button", name="Enviar la respuesta").click()
    await expect(pablo.get_by_role("alert").get_by_text("No se ha hecho nada")).to_be_visible()
    await expect(pablo.get_by_role("alert").get_by_text("Consulta resuelta")).to_be_visible()

    mail = await site.mail(customer.email, about="llega mañana a las diez")
    assert reference in mail.subject + mail.body
    told = [it for it in site.mails(customer.email) if "No sabemos nada" in it.body]
    assert told == []


async def test_a_referral_that_is_approved_is_billings_event_with_the_date_that_was_shown(
    site: PortalDesk,
) -> None:
    customer = await site.customer("derivada")
    contract = await site.contract(customer, "servicepac")
    request = site.world.submits(
        customer, "cancellation", contract_numbers=[contract], contact=customer.contact
    )
    await site.publish(request)
    board = "/es/derivaciones"
    page = await member(site, "rosa", "agent", board, "Derivaciones")
    await opened(site, page, board, contract)
    ends = date.today() + timedelta(days=40)  # noqa: DTZ011 - any day ahead will do

    await page.get_by_label("Aprobar").check()
    await page.get_by_label("Surte efecto el").fill(ends.isoformat())
    await page.get_by_role("button", name="Mostrar qué pasaría").click()
    await expect(page.get_by_role("heading", name="Qué pasaría")).to_be_visible()
    await expect(page.get_by_text(f"{contract}: cancelación programada")).to_be_visible()
    assert await faults_of(page) == []
    assert await published(site, "desk.cancellations", "cancellation.scheduled.v1", contract) == []
    await page.get_by_role("button", name="Decidir").click()
    await expect(page.get_by_text("decidido", exact=True)).to_be_visible()
    assert await faults_of(page) == []

    [scheduled] = await published(site, "desk.cancellations", "cancellation.scheduled.v1", contract)
    assert scheduled.data["effective_on"] == ends.isoformat()
    assert scheduled.data["last_billable_on"] == (ends - timedelta(days=1)).isoformat()
    [act] = await published(site, "desk.agent-actions", "agent.referral_decided.v1", contract)
    assert (act.data["agent_id"], scheduled.causation_id) == ("rosa", act.id)


async def test_a_dead_letter_is_corrected_tried_by_its_service_sent_and_decided(
    site: PortalDesk,
) -> None:
    customer = await site.customer("muerta")
    number = site.world.contract("K")
    whole = site.world.records(number, customer, "hardware_maintenance")
    assert isinstance(whole.data, dict)
    broken = {name: value for name, value in whole.data.items() if name != "title"}
    await site.publish(replace(whole, data=broken))
    page = await member(site, "olga", "operator", "/es/mensajes-muertos", "Mensajes muertos")
    console = site.desk.endpoints.console
    row = page.get_by_role("row").filter(has_text="contract_archive").filter(has_text="title")
    await site.open_until(page, f"{console}/es/mensajes-muertos", row)
    assert await faults_of(page) == []

    await row.get_by_role("link").click()
    await page.get_by_role("link", name=whole.id).first.click()
    await expect(page.get_by_role("heading", name="¿Se decidiría ahora?")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_role("link", name="Corregirlo").click()
    await page.get_by_label("Dónde").fill("/title")
    await page.get_by_label("Valor en JSON").fill('"Mantenimiento"')
    await page.get_by_role("button", name="Comprobar y mostrar qué cambia").click()
    await expect(page.get_by_role("heading", name="Qué cambia")).to_be_visible()
    await expect(page.get_by_text("contract.recorded.v1")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_label("Por qué").fill("el registro olvidó el título")
    await page.get_by_role("button", name="Enviar la corrección").click()
    await expect(page.get_by_text("corregido y decidido")).to_be_visible()
    assert await faults_of(page) == []

    [recorded] = await published(site, "desk.contracts", "contract.recorded.v1", number)
    assert recorded.data["title"] == "Mantenimiento"
    told = [
        it.type
        for ce_type in ("dead_letter.repair_begun.v1", "dead_letter.edited.v1")
        for it in await published_by(site, ce_type, "olga")
    ]
    assert told == ["dead_letter.repair_begun.v1", "dead_letter.edited.v1"]


async def test_a_letter_that_an_earlier_release_could_not_read_is_replayed_as_it_is_and_decided(
    site: PortalDesk,
) -> None:
    customer = await site.customer("reenviada", access=False)
    asked = site.world.submits(
        customer,
        "inquiry",
        request_type="contracts",
        subject="Mi pedido",
        text="¿Dónde está?",
        contact=customer.contact,
    )
    error = f"an earlier release does not know it: {site.person('error').id}"
    await given_up(site, asked, error)
    page = await member(site, "ines", "operator", "/es/mensajes-muertos", "Mensajes muertos")
    row = page.get_by_role("row").filter(has_text=error)
    await site.open_until(page, f"{site.desk.endpoints.console}/es/mensajes-muertos", row)
    assert await faults_of(page) == []

    await row.get_by_role("link").click()
    await page.get_by_role("link", name=asked.id).first.click()
    await expect(page.get_by_text("sin errores")).to_be_visible()
    await page.get_by_label("Por qué").fill("la versión nueva lo entiende")
    await page.get_by_role("button", name="Reenviar").click()
    await expect(page.get_by_text("reenviado y decidido")).to_be_visible()
    assert await faults_of(page) == []

    mail = await site.mail(customer.email, about="INQ-")
    assert "INQ-" in mail.subject + mail.body
    told = [
        it.type
        for ce_type in ("dead_letter.repair_begun.v1", "dead_letter.replayed.v1")
        for it in await published_by(site, ce_type, "ines")
    ]
    assert told == ["dead_letter.repair_begun.v1", "dead_letter.replayed.v1"]
    await page.goto(f"{site.desk.endpoints.console}/es/mensajes-muertos")
    await expect(row).to_have_count(0)


async def given_up(site: PortalDesk, record: SentRecord, error: str) -> None:
    """As intake gives up what it cannot read."""
    letter = dead_letter(
        LetterId(0, 0),
        service=INTAKE,
        reason="unreadable",
        error=error,
        topic=record.topic,
        offset=10**9,
        value=json.dumps(record.data).encode(),
        headers=tuple(headers_of(record)),
    )
    await site.sender.send(DEAD_LETTERS, record.key.encode(), letter.value, list(letter.headers))


async def published_by(site: PortalDesk, ce_type: str, who: str) -> list[DecodedRecord]:
    settings = settings_at(site.desk.endpoints.kafka_bootstrap_servers)
    found = [decoded(record) async for record in records_on(settings, ["desk.operations"])]
    return [it for it in found if it.type == ce_type and it.data.get("by") == who]
