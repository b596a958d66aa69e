"""How the pages are served."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from shared.web.server import config_of_operators, config_of_pages
from shared.web.settings import WebSettings

A_PROXYS_MINUTE = 60
TOO_MUCH = 4 * 1024 * 1024
SETTINGS = WebSettings(development_defaults=True, web_port=0, http_port=0)
CONFIGS = {"pages": config_of_pages, "operators": config_of_operators}


def test_an_idle_connection_stays_open_for_longer_than_proxies_keep_theirs() -> None:
    """Else a proxy sends a request on a connection that is being closed, and answers 502."""
    config = config_of_pages(PlainTextResponse(""), SETTINGS)

    assert config.timeout_keep_alive > A_PROXYS_MINUTE


@pytest.mark.parametrize("of", CONFIGS)
@pytest.mark.parametrize(
    "begins", [b"GET /", b"GET / HTTP/1.1\r\nX-Long: "], ids=["line", "header"]
)
async def test_a_request_that_has_no_end_is_not_read_to_the_end_of_memory(
    of: str, begins: bytes
) -> None:
    server = uvicorn.Server(CONFIGS[of](PlainTextResponse(""), SETTINGS))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begins)
        with pytest.raises(ConnectionError):
            await _write_on(writer)
    writer.close()
    server.should_exit = True
    await serving


async def _write_on(writer: asyncio.StreamWriter) -> None:
    for _ in range(TOO_MUCH // 4096):
        writer.write(b"a" * 4096)
        await writer.drain()
        await asyncio.sleep(0)
