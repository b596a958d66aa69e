"""Check of the mail server: does it take connections and greet."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from shared.operations.checks.result import Check, Remedy, fail, ok

BANNER_WITHIN_S = 3.0
SMTP_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


async def mail_check(url: str) -> Check:
    """Whether the mail server takes connections and, unless it wants TLS first, greets."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or SMTP_PORTS.get(parts.scheme, 25)
    at = f"{host}:{port}"
    connected = False
    try:
        async with asyncio.timeout(BANNER_WITHIN_S):
            reader, writer = await asyncio.open_connection(host, port)
            connected = True
            banner = b"220" if parts.scheme == "smtps" else await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        if connected:
            found = f"{at} takes connections and says nothing: it hangs"
            return fail("mail", found, Remedy.WAKE_MAIL_SERVER)
        return fail("mail", f"no answer from {at}", Remedy.REACH_MAIL_SERVER)
    if not banner.startswith(b"220"):
        found = f"{at} does not greet like a mail server"
        return fail("mail", found, Remedy.CORRECT_MAIL_ADDRESS)
    return ok("mail", f"{at} greets")
