"""What a desk on this machine begins with, so that there is something to ask for and to see."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desk.commands.event_file import SOURCES, Outgoing
from shared.events.agents import AccessAuthorised
from shared.events.contracts import RegistryContractRecorded
from shared.events.submissions import RegistrationSubmitted
from shared.events.values import ConsentPurpose

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
    noted = directory / REGISTERED_AT
    if not noted.exists():
        noted.write_text(datetime.now(UTC).isoformat(timespec="milliseconds"))
    at = noted.read_text()
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
