"""The portal as a process of its own, when it is told to end and nothing behind it answers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest

from desk.local.ports import choose_ports
from desk.local.supervisor import portal_url
from shared.events.topics import PORTAL
from tests.builders.users import environment_of
from tests.infra import resolved
from tests.integration.runtime.servers import Servers, own_servers
from tests.integration.runtime.test_process import process, until

TICKET = re.compile(r'name="ticket" value="([^"]+)"')
FROM_A_PAGE = {"Sec-Fetch-Site": "same-origin"}
QUESTION = {
    "subject": "Una factura",
    "text": "¿Llega?",
    "name": "Cliente de Prueba",
    "email": "cliente@example.test",
}
SHOWN = "Guardada y en camino"
ENDED_WITHIN_S = 30.0
"""Then compose kills a process."""
ENDINGS = {0, os.EX_SOFTWARE}
"""Of its own accord, both: a producer may be found dead while it waits for a frozen broker."""


async def kill(servers: Servers, name: str) -> None:
    servers.children[name].kill()


async def freeze(servers: Servers, name: str) -> None:
    await servers.freeze(name)


@pytest.mark.long("it waits for the limits of broker and database")
@pytest.mark.parametrize("strike", [kill, freeze])
async def test_it_ends_when_told_and_ends_live_parts_although_broker_and_database_do_not_answer(
    strike: Callable[[Servers, str], Awaitable[None]],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    ports = choose_ports(["health", "pages"], tmp_path / "ports.json")
    choice = resolved(request.config.getoption("--infra"))
    async with own_servers(choice, tmp_path / "servers") as servers:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": servers.endpoints.kafka_bootstrap_servers,
            "MONGO_URL": servers.endpoints.mongo_url,
            "WEB_PORT": str(ports["pages"]),
            "PUBLIC_URL": portal_url(ports["pages"]),
            **environment_of(PORTAL, servers.endpoints.mongo_url),
        }
        async with (
            process(ports["health"], [f"services.{PORTAL}"], **environment) as portal,
            httpx2.AsyncClient(
                base_url=f"http://127.0.0.1:{ports['pages']}", timeout=90, trust_env=False
            ) as browser,
        ):
            await until(ports["health"], "/health", 200)
            await strike(servers, "kafka")
            address, cookie = await sent(browser)
            async with browser.stream("GET", address, headers=cookie) as stream:
                lines = stream.aiter_lines()
                async with asyncio.timeout(60):
                    while SHOWN not in await anext(lines):
                        pass
                await strike(servers, "mongodb")
                portal.send_signal(signal.SIGTERM)
                async with asyncio.timeout(ENDED_WITHIN_S):
                    async for _line in lines:
                        pass
                    assert await portal.wait() in ENDINGS
        if strike is freeze:
            for name in servers.children:
                await servers.thaw(name)


async def sent(browser: httpx2.AsyncClient) -> tuple[str, dict[str, str]]:
    """A visitor's question, which waits for the broker: where its live part is, and as whom."""
    page = await browser.get("/es/contacto/facturas")
    [ticket] = TICKET.findall(page.text)
    cookie = {"Cookie": f"__Host-session={page.cookies['__Host-session']}"}
    answer = await browser.post(
        "/es/contacto/facturas",
        data={**QUESTION, "ticket": ticket},
        headers=FROM_A_PAGE | cookie,
    )
    assert answer.status_code == 303
    return answer.headers["location"] + "/en-vivo", cookie
