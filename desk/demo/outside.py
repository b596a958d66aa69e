"""Who publishes to the desk from outside, and what: channels, registry, billing and agents.

Written from the public event contract (`docs/events.md`); no service's code is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

from desk.demo.story import SentRecord
from shared.events.values import MADRID, madrid_date

AGENT = "agent-7"
PHONE = "+34 900 000 001"
CONSENTS = ("store_and_contact", "transfer_abroad")

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """Someone who sends requests; the id is used in this run alone."""

    id: str
    name: str
    email: str

    @property
    def contact(self) -> dict[str, str]:
        return {"name": self.name, "email": self.email, "phone": PHONE}


class World:
    """One run of the demo: `tag` keeps its ids apart from other runs', `now` is its date."""

    def __init__(self, tag: str, now: datetime) -> None:
        self.tag = tag
        self.now = now
        self._numbers = count(1)

    @property
    def today(self) -> date:
        """The calendar date in Madrid."""
        return madrid_date(self.now)

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def customer(self, name: str) -> DemoCustomer:
        number = next(self._numbers)
        return DemoCustomer(
            f"C-{self.tag}-{number}", f"Cliente de Prueba {number}", f"{name}@example.test"
        )

    def contract(self, kind: str) -> str:
        """A contract number that nobody had before."""
        return f"{kind}-{self.tag}-{next(self._numbers)}"

    def _record(
        self, topic: str, key: str, ce_type: str, source: str, data: Fields | bytes
    ) -> SentRecord:
        return SentRecord(
            topic, key, ce_type, f"demo-{self.tag}-{next(self._numbers)}", source, data
        )

    def submits(
        self,
        customer: DemoCustomer,
        what: str,
        *,
        channel: str = "web",
        days_ago: int = 0,
        **fields: Any,
    ) -> SentRecord:
        """A submission, received today or some days ago in Madrid. None stands for no field."""
        data = {
            "customer_id": customer.id,
            "channel": channel,
            "received_at": self._received_at(days_ago).isoformat(),
            **{name: _json(value) for name, value in fields.items() if value is not None},
        }
        return self._record(
            "desk.submissions", customer.id, f"submission.{what}.v1", f"/channels/{channel}", data
        )

    def _received_at(self, days_ago: int) -> datetime:
        if not days_ago:
            return self.now
        return datetime.combine(self.ago(days_ago), time(12), tzinfo=MADRID)

    def unreadable(self, contract: str) -> SentRecord:
        """The headers of an invoice around something that is no JSON."""
        return self._record(
            "billing.invoices",
            contract,
            "billing.invoice_issued.v1",
            "/billing",
            b'{"contract_number": "K-1", "invoice_number": "cut off in the mi',
        )

    def registers(self, customer: DemoCustomer, **other: Any) -> SentRecord:
        """A registration that is sound, but for what `other` says."""
        fields = {
            "name": customer.name,
            "email": customer.email,
            "phone": PHONE,
            "company": "Empresa de Prueba",
            "country": "ES",
            "consents": self.consents(*CONSENTS),
        }
        return self.submits(customer, "registration", **{**fields, **other})

    def consents(self, *purposes: str) -> list[dict[str, str]]:
        given_at = (self.now - timedelta(minutes=1)).isoformat()
        return [
            {"purpose": purpose, "wording_version": "2024-1", "given_at": given_at}
            for purpose in purposes
        ]

    def signature(
        self, customer: DemoCustomer, kind: str, reference: str, on: date
    ) -> dict[str, str]:
        return {
            "kind": kind,
            "reference": reference,
            "signed_by": customer.name,
            "signed_on": on.isoformat(),
        }

    def records(self, contract: str, customer: DemoCustomer, type_: str, **more: Any) -> SentRecord:
        """The registry reports a contract of this customer."""
        data = {
            "contract_number": contract,
            "customer_id": customer.id,
            "type": type_,
            "title": f"Contrato de prueba {contract}",
            "starts_on": self.ago(400).isoformat(),
            "auto_renewal": type_ == "passport_advantage",
            **(self._servicepac() if type_ == "servicepac" else {}),
            **more,
        }
        return self._record(
            "registry.contracts", contract, "registry.contract_recorded.v1", "/registry", data
        )

    def _servicepac(self) -> dict[str, Any]:
        """Sold for three years at once."""
        return {
            "ends_on": (self.today + timedelta(days=3 * 365)).isoformat(),
            "price": {"amount": "890.00", "currency": "EUR"},
            "period": "once",
        }

    def invoices(
        self, contract: str, customer: DemoCustomer, number: str, issued_on: date
    ) -> SentRecord:
        """Billing issues the invoice of an automatic renewal."""
        data = {
            "invoice_number": number,
            "contract_number": contract,
            "customer_id": customer.id,
            "issued_on": issued_on.isoformat(),
            "renewal": True,
            "total": {"amount": "1200.00", "currency": "EUR"},
        }
        return self._record(
            "billing.invoices", contract, "billing.invoice_issued.v1", "/billing", data
        )

    def is_paid(self, contract: str, number: str, paid_on: date) -> SentRecord:
        data = {
            "invoice_number": number,
            "contract_number": contract,
            "paid_on": paid_on.isoformat(),
        }
        return self._record(
            "billing.invoices", contract, "billing.invoice_paid.v1", "/billing", data
        )

    def agent(self, does: str, key: str, **fields: Any) -> SentRecord:
        """A desk agent acts; `key` is the inquiry, contract or customer concerned."""
        data = {"agent_id": AGENT, **{name: _json(value) for name, value in fields.items()}}
        return self._record("desk.agent-actions", key, f"agent.{does}.v1", "/agents", data)


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
