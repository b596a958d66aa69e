"""Asks the service that decides, on its internal port, what a cancellation would bring.

If it does not answer in time, the page says what the portal knows by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.customer_portal.record_owner import RecordOwner
from services.customer_portal.settings import Settings
from shared.events.cancellations import CancellationNotRequired, CancellationScheduled
from shared.events.submissions import CancellationSubmitted
from shared.events.topics import CANCELLATION
from shared.events.values import Language

WITHIN_SECONDS = 3.0
"""A person waits for it."""


@dataclass(frozen=True, slots=True)
class PreviewedDecision:
    """The decision as it would be today."""

    explanation: str
    policy: str
    version: str
    rule: str
    effective_on: str | None = None
    last_billable_on: str | None = None
    due_on: str | None = None
    needs_nothing: bool = False
    """No cancellation is required: sending one would change nothing."""


class Previews:
    """Asks the cancellation service."""

    def __init__(self, settings: Settings) -> None:
        url = settings.cancellation_url
        self._service = RecordOwner(CANCELLATION, url, settings, within_seconds=WITHIN_SECONDS)

    async def preview(
        self, number: str, event: CancellationSubmitted, language: Language
    ) -> PreviewedDecision | None:
        """The decision that a request would bring for one contract; None where nobody answers."""
        question = {
            "contract_number": number,
            "customer_id": event.customer_id,
            "destruction_confirmed": event.destruction_confirmed,
            "signed": event.signature is not None,
            "requested_end_on": _written(event.requested_end_on),
        }
        found = await self._service.ask(lambda service: service.preview(question))
        if found is None:
            return None
        told = [it for it in found.events if "explanation" in it.data]
        return _preview(told[-1].ce_type, told[-1].data, language) if told else None

    async def close(self) -> None:
        await self._service.close()


def _preview(ce_type: str, data: dict[str, Any], language: Language) -> PreviewedDecision:
    return PreviewedDecision(
        explanation=data["explanation"][language.value],
        policy=data["policy"],
        version=data["policy_version"],
        rule=data["rule"],
        effective_on=data.get("effective_on") if ce_type == CancellationScheduled.ce_type else None,
        last_billable_on=data.get("last_billable_on"),
        due_on=data.get("due_on"),
        needs_nothing=ce_type == CancellationNotRequired.ce_type,
    )


def _written(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
