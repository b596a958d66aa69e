"""The broker and the portal die while a form is sent. Runs last: others keep their servers."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress

import pytest
from playwright.async_api import Error, Page, expect

from shared.events.inquiries import InquiryOpened
from shared.events.topics import PORTAL
from tests.browser.portal_desk import PortalDesk
from tests.builders import clients

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_question_sent_while_the_broker_and_then_the_portal_die_is_asked_once(
    site: PortalDesk,
) -> None:
    person = site.person("muerte")
    page = await site.visitor()
    await page.goto("/es/contacto/facturas")
    for label, words in (
        ("Asunto", "Durante la avería"),
        ("Su consulta", "¿Llega?"),
        ("Nombre y apellidos", "Ana Prueba"),
        ("Correo electrónico", person.email),
    ):
        await page.get_by_label(label).fill(words)
    broker, portal = site.desk.stack.children["broker"], site.desk.services[PORTAL]
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)  # a process that publishes waits
    try:
        await page.get_by_role("button", name="Enviar consulta").dblclick()
        await expect(page.get_by_text("Guardada y en camino")).to_be_visible()
        await expect(page.locator(".reference")).to_have_count(0)
        assert portal.pid is not None
        os.kill(portal.pid, signal.SIGKILL)
        restarts = portal.restarts
        await site.until(lambda: started_again(site, restarts))
        await site.until(lambda: answers(page))
        await page.reload()
        await expect(page.get_by_text("Guardada y en camino")).to_be_visible()
    finally:
        os.kill(broker.pid, signal.SIGKILL)

    await expect(page.get_by_text("Confirmación enviada a")).to_be_visible()
    reference = await page.locator(".reference").inner_text()
    submission_id = page.url.rpartition("/")[2]
    assert await opened_by(site, submission_id) == [reference]
    assert len(site.mails(person.email)) == 1
    site.errors.clear()  # a browser says of a stream that its server was killed


async def started_again(site: PortalDesk, before: int) -> bool:
    return site.desk.services[PORTAL].restarts > before


async def answers(page: Page) -> bool:
    with suppress(Error):
        return (await page.request.get(page.url)).ok
    return False


async def opened_by(site: PortalDesk, submission_id: str) -> list[str]:
    """The references of all inquiries that a submission opened, from the topic itself.

    An event that is there twice under one id is one: its acknowledgement died with the broker.
    """
    found: dict[bytes, str] = {}
    async with clients.consumer(
        site.desk.endpoints.kafka_bootstrap_servers,
        "desk.inquiries",
        group_id=None,
        auto_offset_reset="earliest",
    ) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                record = await consumer.getone(partition)
                headers = dict(record.headers)
                if headers.get("ce_type") != InquiryOpened.ce_type.encode():
                    continue
                event = json.loads(record.value)
                if event["submission_id"] == submission_id:
                    found[headers["ce_id"]] = event["reference"]
    return [*found.values()]
