"""Sound records among the poison, and what must have come of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from tests.poison.bases import Header
from tests.poison.inputs import MARK

SOURCE = "/channels/web"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A sound record; `opens` and `records` name what it must bring about."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[Header, ...]
    opens: str | None = None
    """The id of a submission that must open an inquiry."""
    records: str | None = None
    """The number of a contract that must be recorded."""
    bills: str | None = None
    """The message id of an invoice that must be in a cancellation file's history."""


def neighbours(seed: int, at: datetime) -> Iterator[Neighbour]:
    """In turns: a question; a contract; its renewal's invoice."""
    for number in count():
        name = f"neighbour-{seed}-{number}"
        yield _question(name, at)
        yield _contract(name)
        yield _invoice(name)


def _question(name: str, at: datetime) -> Neighbour:
    fields = {
        "customer_id": f"C-{name}",
        "channel": "web",
        "received_at": at.isoformat(),
        "request_type": "contracts",
        "subject": f"Duda {MARK}-{name}",
        "text": f"¿Cuándo vence? {MARK}-{name}",
    }
    headers = _headers("submission.inquiry.v1", name, SOURCE)
    return Neighbour("desk.submissions", *_body(f"C-{name}", fields), headers, opens=name)


def _contract(name: str) -> Neighbour:
    fields = {
        "contract_number": name,
        "customer_id": f"C-{name}",
        "type": "passport_advantage",
        "title": f"Licencia de prueba {MARK}-{name}",
        "starts_on": "2025-01-01",
        "auto_renewal": True,
    }
    headers = _headers("registry.contract_recorded.v1", f"{name}-contract", "/registry/contracts")
    return Neighbour("registry.contracts", *_body(name, fields), headers, records=name)


def _invoice(name: str) -> Neighbour:
    fields = {
        "invoice_number": f"I-{name}",
        "contract_number": name,
        "customer_id": f"C-{name}",
        "issued_on": "2026-01-01",
        "renewal": True,
    }
    invoice = f"{name}-invoice"
    headers = _headers("billing.invoice_issued.v1", invoice, "/billing/invoices")
    body = _body(name, fields)
    return Neighbour("billing.invoices", *body, headers, bills=f"/billing/invoices {invoice}")


def _body(key: str, fields: dict[str, Any]) -> tuple[bytes, bytes]:
    return key.encode(), json.dumps(fields).encode()


def _headers(ce_type: str, ce_id: str, source: str) -> tuple[Header, ...]:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", ce_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", ce_type.encode()),
        ("content-type", b"application/json"),
    )
