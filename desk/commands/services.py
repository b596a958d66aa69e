"""The services, as a command asks them about their records."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from desk.commands.addresses import Where
from shared.events.topics import SERVICES
from shared.operations.service_client import ServiceClient, services_at


def services_of(where: Where, *names: str) -> AbstractAsyncContextManager[dict[str, ServiceClient]]:
    """The services named, or all of them. Raises `DeskError` where no address is known at all."""
    return services_at(where.service_urls, where.credential, names or SERVICES)
