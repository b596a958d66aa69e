"""How the pages are served."""

from __future__ import annotations

from starlette.responses import PlainTextResponse

from shared.web.server import config_of_pages
from shared.web.settings import WebSettings

A_PROXYS_MINUTE = 60


def test_an_idle_connection_stays_open_for_longer_than_proxies_keep_theirs() -> None:
    """Else a proxy sends a request on a connection that is being closed, and answers 502."""
    settings = WebSettings(development_defaults=True)

    config = config_of_pages(PlainTextResponse(""), settings)

    assert config.timeout_keep_alive > A_PROXYS_MINUTE
