"""Fills a new desk on this machine, so that there is something to ask for and to see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desk.commands.event_file import SOURCES, Outgoing
from desk.commands.sample_account import sample_account, sample_answers
from desk.commands.send import send
from desk.local.broker import plain
from desk.local.supervisor import Desk
from shared.events.agents import AccessAuthorised
from shared.events.contracts import RegistryContractRecorded
from shared.events.submissions import RegistrationSubmitted
from shared.events.topics import ARCHIVE
from shared.events.values import ConsentPurpose
from shared.operations.service_client import ServiceError, services_at
from shared.settings import RuntimeSettings

CUSTOMER = "C-1001"
ADDRESS = "cliente@example.test"
REGISTERED_AT = "sample-registered-at"
REGISTRY = "registry.contracts"
CONTRACTS = {
    "K-2001": ("monthly_licence", "Licencia de pago mensual", "month"),
    "K-2002": ("hardware_maintenance", "Mantenimiento de servidores", "year"),
    "K-2003": ("software_maintenance", "Mantenimiento de software", "year"),
    "K-2004": ("passport_advantage", "Licencia Passport Advantage", "once"),
    "K-2005": ("servicepac", "ServicePac de tres años", "once"),
}
STARTS_ON = "2025-01-01"
TRIES, PAUSE_SECONDS = 60, 0.5
"""How long the samples wait for the archive: a desk that is slow to start has them all the same."""


def sample_contracts() -> list[Outgoing]:
    """One contract of each type, always under the same id: published again, nothing changes."""
    return [
        Outgoing(
            RegistryContractRecorded.ce_type, f"sample-{number}", SOURCES[REGISTRY], _record(number)
        )
        for number in CONTRACTS
    ]


def sample_customer(directory: Path) -> list[Outgoing]:
    """The contracts' holder, registered and with access, so that somebody can sign in.

    `directory` notes when that was first said: said again, it must be the same to change nothing.
    """
    at = began_at(directory)
    registration = {
        "customer_id": CUSTOMER,
        "channel": "web",
        "received_at": at,
        "name": "Cliente de Prueba",
        "email": ADDRESS,
        "phone": "+34 600 000 000",
        "company": "Empresa de Prueba",
        "country": "ES",
        "consents": [
            {"purpose": purpose.value, "wording_version": "2026-11", "given_at": at}
            for purpose in ConsentPurpose
        ],
    }
    access = {"customer_id": CUSTOMER, "agent_id": "sample-agent"}
    return [
        Outgoing(
            RegistrationSubmitted.ce_type, "sample-registration", "/channels/web", registration
        ),
        Outgoing(AccessAuthorised.ce_type, "sample-access", "/agents/sample", access),
    ]


def began_at(directory: Path) -> str:
    """When the samples were first published from this directory, RFC 3339."""
    noted = directory / REGISTERED_AT
    if not noted.exists():
        noted.write_text(datetime.now(UTC).isoformat(timespec="milliseconds"))
    return noted.read_text()


async def fill(desk: Desk, broker: RuntimeSettings | None = None) -> None:
    """Publish all samples to a desk of this machine; what is there already stays as it is.

    `broker`: how to reach it, where it is not the embedded one.
    """
    broker = broker or plain(desk.endpoints.kafka_bootstrap_servers)
    numbers = tuple(CONTRACTS)
    account = sample_account(CUSTOMER, numbers, began_at(desk.directory))
    await send(broker, [*sample_contracts(), *sample_customer(desk.directory), *account])
    if await _has_texts(desk, numbers):
        await send(broker, sample_answers(numbers))


async def _has_texts(desk: Desk, numbers: Iterable[str]) -> bool:
    """Whether the archive has issued the contracts' texts within a while: before, there is nothing
    to approve. A contract that an earlier release has recorded has no text.
    """
    urls, credential = desk.endpoints.internal, desk.endpoints.internal_credential or ""
    async with services_at(urls, credential, [ARCHIVE]) as services:
        for _ in range(TRIES):
            with suppress(ServiceError):
                found = [await services[ARCHIVE].history("contract", it) for it in numbers]
                if all(it and it.state and it.state.get("facts") for it in found):
                    return all(it and it.state and it.state.get("text") for it in found)
            await asyncio.sleep(PAUSE_SECONDS)
    return False


def _record(number: str) -> dict[str, Any]:
    kind, title, period = CONTRACTS[number]
    return {
        "contract_number": number,
        "customer_id": CUSTOMER,
        "type": kind,
        "title": title,
        "starts_on": STARTS_ON,
        "auto_renewal": True,
        "price": {"amount": "120.00", "currency": "EUR"},
        "period": period,
    }
