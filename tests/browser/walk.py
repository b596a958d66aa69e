"""Every page of the route table, and pages in states that have no address of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from playwright.async_api import FilePayload, Page, expect

from desk.commands.sample_account import first_text, sample_account
from desk.demo.outside import DemoCustomer
from desk.demo.story import SentRecord
from services.customer_portal.rooms.queries import Rooms
from services.customer_portal.routes import PAGES
from shared.events.topics import TOPIC_OF
from shared.events.values import Language
from shared.web import pages
from shared.web.sessions import Holder
from tests.browser import tools
from tests.browser.portal_desk import PortalDesk
from tests.builders.passkeys import SoftAuthenticator

PARAMETER = re.compile(r"\{([a-z_]+)(?::path)?\}")
AXE = "axe.run({resultTypes: ['violations']}).then(it => it.violations)"
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@dataclass(frozen=True)
class Look:
    """One way to look at a page."""

    theme: str
    width: int


LOOKS = tuple(Look(theme, width) for theme in ("light", "dark") for width in (375, 1280))


async def faults_of(page: Page, looks: tuple[Look, ...] = LOOKS) -> list[str]:
    """Returns axe-core's findings on the page shown, and a fault if it is wider than the window."""
    await page.evaluate(tools.AXE.read_text())
    found = []
    for look in looks:
        await page.emulate_media(color_scheme=look.theme, reduced_motion="reduce")  # type: ignore[arg-type]  # two of playwright's words
        await page.set_viewport_size({"width": look.width, "height": 900})
        found += [
            f"{page.url} {look.theme} {look.width}: {fault['id']} {node['html']}"
            for fault in await page.evaluate(AXE)
            for node in fault["nodes"]
        ]
        if not await page.evaluate(FITS):
            found.append(f"{page.url} {look.width}: wider than the window")
    return found


def address(page: pages.Page, language: Language, parts: Mapping[str, str]) -> str:
    """Where a page is. `parts` are the parameters, by the page's name where pages differ.

    Raises KeyError for a parameter of a new page: say there what it stands for.
    """

    def part(found: re.Match[str]) -> str:
        return parts.get(f"{page.name}.{found[1]}") or parts[found[1]]

    return PARAMETER.sub(part, page.path(language))


SHOWN = tuple(page for page in PAGES if not (page.is_live or page.is_file))


@dataclass(frozen=True)
class Somebody:
    """A customer of whom every page has something to show."""

    customer: DemoCustomer
    parts: Mapping[str, str]


async def somebody_new(site: PortalDesk) -> Somebody:
    """With a question, cancellations that are scheduled and that wait for evidence, an account."""
    customer = await site.customer("todo")
    holder, world = Holder(customer.id), site.world
    waits = await site.contract(customer, "monthly_licence")
    leaves = await site.contract(customer, "monthly_licence")
    kept = await site.contract(customer, "hardware_maintenance")
    question = world.submits(
        customer,
        "inquiry",
        request_type="contracts",
        subject="Una pregunta",
        text="¿Qué incluye el mantenimiento?",
        contact=customer.contact,
    )
    asks = [
        world.submits(
            customer,
            "cancellation",
            contact=customer.contact,
            contract_numbers=[number],
            destruction_confirmed=confirmed,
        )
        for number, confirmed in ((waits, False), (leaves, True))
    ]
    await site.publish(question, *asks)

    async def decided() -> bool:
        found = {
            contract["_id"]: contract.get("cancellation", {})
            for contract in await site.queries.contracts(holder)
        }
        awaits = bool(found[waits].get("requests"))
        return awaits and found[leaves].get("status") == "scheduled"

    await site.until(decided)
    answer = world.agent(
        "inquiry_answered",
        question.inquiry_id,
        inquiry_id=question.inquiry_id,
        text="Las piezas y el trabajo.",
    )
    await site.publish(answer)

    async def answered() -> bool:
        found = await site.queries.inquiry(holder, question.inquiry_id)
        return bool(found.get("entries"))

    await site.until(answered)
    await has_an_account(site, customer, (waits, leaves, kept))
    parts = {
        "topic": "contratos",
        "id": question.inquiry_id,
        "number": leaves,
        "evidence.number": waits,
        "document.id": first_text(leaves),
        "order": "PED-4102",
        "invoice": "F-2026-0102",
        "credit": "A-2026-0007",
        "item": "IT-303",
        "purpose": "store_and_contact",
        "passkey": await a_passkey(site, customer),
        "attachment.id": await an_attachment(site, customer),
    }
    return Somebody(customer, parts)


async def an_attachment(site: PortalDesk, customer: DemoCustomer) -> str:
    page = await site.with_session(customer)
    await page.goto("/es/contacto/facturas")
    await page.get_by_label("Asunto").fill("Una factura")
    await page.get_by_label("Su consulta").fill("La adjunto.")
    note: FilePayload = {"name": "nota.txt", "mimeType": "text/plain", "buffer": b"Importe: 12"}
    await page.get_by_label("Adjuntos").set_input_files(note)
    await page.get_by_role("button", name="Enviar consulta").click()
    await page.get_by_role("link", name="Abrir esta consulta").click()
    link = page.get_by_role("link", name="nota.txt")
    await expect(link).to_be_visible()
    return (await link.get_attribute("href") or "").rpartition("/")[2]


async def a_passkey(site: PortalDesk, customer: DemoCustomer) -> str:
    device, session = SoftAuthenticator(), "of no browser"
    options = await site.passkeys.registration_options(session, customer.id, customer.email)
    made = device.create(options)
    return (await site.passkeys.register(session, customer.id, made, "Portátil")).id


async def sent_by(page: Page) -> str:
    """The id of a question that is sent in this browser, once it has its answer."""
    await page.goto("/es/contacto/pedidos")
    for label, words in (("Asunto", "Un pedido"), ("Su consulta", "¿Dónde está?")):
        await page.get_by_label(label).fill(words)
    if await page.get_by_label("Nombre y apellidos").count():
        await page.get_by_label("Nombre y apellidos").fill("Ana Prueba")
        await page.get_by_label("Correo electrónico").fill("ana-visita@example.test")
    await page.get_by_role("button", name="Enviar consulta").click()
    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()
    return page.url.rpartition("/")[2]


ROOMS = frozenset({"orders", "accounts", "items"})
"""Of the upstream topics, those that the account's rooms are folded from."""


async def has_an_account(
    site: PortalDesk, customer: DemoCustomer, contracts: tuple[str, ...]
) -> None:
    """Reports the sample company's upstream records for this customer and waits until all show."""
    account = sample_account(customer.id, contracts, site.world.now.isoformat())
    reported = [it for it in account if TOPIC_OF[it.ce_type].name.split(".")[1] in ROOMS]
    await site.publish(
        *(
            SentRecord(TOPIC_OF[it.ce_type].name, it.key, it.ce_type, it.ce_id, it.source, it.data)
            for it in reported
        )
    )
    rooms, holder = Rooms(site.generations), Holder(customer.id)

    async def known() -> bool:
        orders, items = await rooms.orders(holder), await rooms.items(holder)
        booked = await rooms.bookings(holder)
        return (len(orders), len(items), len(booked)) == (4, 4, 9)

    await site.until(known)
