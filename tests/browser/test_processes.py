"""Two web processes, and a rebuild of the projections, while people use the pages."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import expect

from shared.events.topics import PORTAL
from tests.browser.portal_desk import PATIENCE_S, QUICK, PortalDesk
from tests.builders.second_portal import environment, second_portal

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Reads:
    """The reads from both processes during a rebuild of the projections."""

    wrong: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)


@asynccontextmanager
async def read_all_the_time(
    urls: Sequence[str], shown: Mapping[str, str], cookies: Mapping[str, str]
) -> AsyncIterator[Reads]:
    """A customer loads each page at each process again and again; it must show these words."""
    reads, stopping = Reads(), asyncio.Event()
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S, trust_env=False) as http:

        async def load(address: str, words: str) -> None:
            while not stopping.is_set():
                answer = await http.get(address)
                reads.addresses.add(address)
                if answer.status_code != 200 or words not in answer.text:
                    reads.wrong.append(f"{address}: {answer.status_code}")
                await asyncio.sleep(0.2)

        async with asyncio.TaskGroup() as tasks:
            for url in urls:
                for path, words in shown.items():
                    tasks.create_task(load(url + path, words))
            yield reads
            stopping.set()


async def test_two_processes_show_the_same_and_a_rebuild_takes_nothing_from_what_is_shown(
    site_on_kafka: PortalDesk, tmp_path: Path
) -> None:
    site = site_on_kafka
    customer = await site.customer("procesos")
    number = await site.contract(customer, "monthly_licence")
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

        async def switched() -> bool:
            return (await site.generations.read()).serving.number > before

        shown = {
            f"/es/consultas/{about}": "Desde el segundo proceso",
            "/es/consultas": "Dos procesos",
            "/es/contratos": number,
            f"/es/contratos/{number}": "En vigor",
            "/es/perfil": customer.email,
        }
        cookies = {it["name"]: it["value"] for it in await here.context.cookies()}
        async with read_all_the_time((site.url, other), shown, cookies) as reads:
            rebuild = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", f"services.{PORTAL}", "rebuild"),
                env=environment(site.desk, QUICK),
            )
            await answer("Durante la reconstrucción.")
            assert await rebuild.wait() == 0
            await site.until(switched)
            await answer("Después de la reconstrucción.")
        assert reads.wrong == []
        assert len(reads.addresses) == 2 * len(shown)
        for page in (here, there):
            await page.reload()
            await expect(page.locator(".talk > li")).to_have_count(5)
