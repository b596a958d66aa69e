"""Where webhooks may go: over HTTPS, to addresses of the public Internet.

A name is resolved and checked when the connection is made, and the connection goes to the address
that was checked: a name that leads elsewhere a moment later leads nowhere (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import httpcore2

LONGEST_URL = 2_000
NAT64 = ip_network("64:ff9b::/96")
"""Addresses of IPv4 in those of IPv6, through a translator."""
UNICAST = IPv6Network("2000::/3")
"""All that is given out to the Internet. The rest is for one site, such as a translator's own
prefix (RFC 8215), or of no use any more, such as `fec0::/10` and `::10.0.0.1`."""
SPECIAL = (ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24"), ip_network("3fff::/20"))
"""Not on the Internet either; Python 3.11 does not say so of these."""
MOST_RESOLVED_AT_ONCE = 100
"""Threads of their own: a name server that does not answer holds up a webhook, and no page."""


class NotPublic(Exception):
    """The host is not on the public Internet, or cannot be found."""


def is_public(address: str) -> bool:
    """Whether an address is public, also one that is embedded in an IPv6 address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(found) if isinstance(found, IPv6Address) else None
    if inner is not None and not is_public(str(inner)):
        return False
    if isinstance(found, IPv6Address) and inner is None and found not in UNICAST:
        return False
    special = found.is_multicast or any(found in it for it in SPECIAL)
    return found.is_global and not special


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def is_allowed(url: str, *, anywhere: bool) -> bool:
    """Whether a partner may name this URL. `anywhere`: HTTP and private addresses, too."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme != "https" and not (anywhere and parts.scheme == "http"):
        return False
    if not host or "@" in parts.netloc or parts.fragment or "\\" in url:
        return False
    return anywhere or not _is_address(host) or is_public(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to nothing else."""

    def __init__(self, *, anywhere: bool) -> None:
        self._anywhere = anywhere
        self._inner = httpcore2.AnyIOBackend()
        self._resolving = ThreadPoolExecutor(MOST_RESOLVED_AT_ONCE, "webhook-names")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as the library calls it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises `NotPublic`."""
        address = await self._checked(host, port)
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def _checked(self, host: str, port: int) -> str:
        """One private address among several is one too many."""
        loop = asyncio.get_running_loop()
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await loop.run_in_executor(self._resolving, look_up)
        except OSError:
            raise NotPublic(host) from None
        addresses = [str(it[4][0]) for it in found]
        if not addresses or not (self._anywhere or all(map(is_public, addresses))):
            raise NotPublic(host)
        return addresses[0]

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def close(self) -> None:
        self._resolving.shutdown(wait=False, cancel_futures=True)
