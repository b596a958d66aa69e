"""The contracts that a desk on this machine begins with, so that there is something to ask for."""

from __future__ import annotations

from typing import Any

from desk.commands.event_file import SOURCES, Outgoing
from shared.events.contracts import RegistryContractRecorded

CUSTOMER = "C-1001"
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
