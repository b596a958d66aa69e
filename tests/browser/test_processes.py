"""Two web processes, and a rebuild of the projections, while people use the pages."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from playwright.async_api import expect

from shared.events.topics import PORTAL
from tests.browser.portal_desk import QUICK, PortalDesk
from tests.builders.second_portal import environment, second_portal

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_two_processes_show_the_same_and_a_rebuild_takes_nothing_from_what_is_shown(
    site_on_kafka: PortalDesk, tmp_path: Path
) -> None:
    site = site_on_kafka
    customer = await site.customer("procesos")
    question = site.world.submits(
        customer,
        "inquiry",
        request_type="contracts",
        subject="Dos procesos",
        text="¿Se ve lo mismo?",
        contact=customer.contact,
    )
    await site.publish(question)
    about = question.inquiry_id
    await site.until(lambda: site.queries.inquiries(site.holder(customer)))
    here = await site.signed_in(customer)
    async with second_portal(site.desk, tmp_path, QUICK) as (other, _process):
        there = await here.context.new_page()
        await here.goto(f"/es/consultas/{about}")
        await there.goto(f"{other}/es/consultas/{about}")
        for page in (here, there):
            await page.evaluate("window.mark = 1")

        async def answer(text: str) -> None:
            act = site.world.agent("inquiry_answered", about, inquiry_id=about, text=text)
            await site.publish(act)
            for page in (here, there):
                await expect(page.get_by_text(text)).to_be_visible()
                assert await page.evaluate("window.mark") == 1, "it was not loaded again"

        await answer("La primera respuesta.")
        await there.get_by_label("Su mensaje").fill("Desde el segundo proceso")
        await there.get_by_role("button", name="Enviar mensaje").click()
        await there.evaluate("window.mark = 1")
        await expect(here.get_by_text("Desde el segundo proceso")).to_be_visible()

        before = site.generations.state.serving.number
        rebuild = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", f"services.{PORTAL}", "rebuild"),
            env=environment(site.desk, QUICK),
        )
        await answer("Durante la reconstrucción.")
        assert await rebuild.wait() == 0

        async def switched() -> bool:
            return (await site.generations.read()).serving.number > before

        await site.until(switched)
        await answer("Después de la reconstrucción.")
        for page in (here, there):
            await page.reload()
            await expect(page.locator(".talk > li")).to_have_count(5)
