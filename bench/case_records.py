"""An ordinary inquiry as the topics hold it: its ids, and its records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from desk.contract_docs.goldens import Golden
from shared.events.envelope import message_uuid
from shared.operations.dead_letters.letter import Original

ROOT = Path(__file__).parent.parent
CHANNEL = "/channels/bench"
LIFE = (
    "submission.cancellation.v1",
    "inquiry.opened.v1",
    "cancellation.requested.v1",
    "cancellation.scheduled.v1",
    "inquiry.progressed.v1",
    "notification.sent.v1",
    "inquiry.state.v1",
)
"""The types of one ordinary inquiry's events, in the order of their course."""
PARTITIONS = 6
FIRST_OFFSET = 10**9
"""Of what is stored without a broker: its own records come before."""


@dataclass(frozen=True, slots=True)
class Case:
    """The ids of one inquiry, each as long as those of every other."""

    number: int

    @property
    def ids(self) -> Mapping[str, str]:
        """By kind, what somebody may paste."""
        return {
            "reference": f"INQ-{self.number:07d}-00000-0",
            "inquiry": str(message_uuid(CHANNEL, f"s-{self.number:07d}")),
            "submission": f"s-{self.number:07d}",
            "contract": f"K-{self.number:07d}",
            "customer": f"C-{self.number // 2:07d}",
            "an event's id": self.event_id(3),
            "a mail address's hash": f"{self.number // 2:032x}",
        }

    @property
    def partition(self) -> int:
        return self.number % PARTITIONS

    def event_id(self, index: int) -> str:
        return str(uuid5(NAMESPACE_URL, f"{self.number} {index}")) if index else self.submission

    @property
    def submission(self) -> str:
        return f"s-{self.number:07d}"

    def values(self) -> dict[str, Any]:
        """Fields of its events that are its own."""
        ids = self.ids
        return {
            "inquiry_id": ids["inquiry"],
            "answers_inquiry_id": ids["inquiry"],
            "submission_id": ids["submission"],
            "submission_source": CHANNEL,
            "reference": ids["reference"],
            "customer_id": ids["customer"],
            "contract_number": ids["contract"],
            "contract_numbers": [ids["contract"]],
            "recipient_hash": ids["a mail address's hash"],
        }

    def records(self, goldens: Mapping[str, Golden], now: datetime) -> Iterator[Original]:
        """Its records as they lie on the topics, each topic with places of its own."""
        own = self.values()
        for index, ce_type in enumerate(LIFE):
            golden = goldens[ce_type]
            data = golden.value | {name: it for name, it in own.items() if name in golden.value}
            cause = {
                "ce_correlationid": self.submission,
                "ce_causationid": self.event_id(index - 1),
            }
            headers = golden.headers | {"ce_id": self.event_id(index)} | (cause if index else {})
            if not index:
                headers |= {"ce_source": CHANNEL}
            yield Original(
                golden.topic,
                self.partition,
                FIRST_OFFSET + self.number * len(LIFE) + index,
                own["inquiry_id"].encode(),
                json.dumps(data).encode(),
                tuple((name, it.encode()) for name, it in headers.items()),
                int(now.timestamp() * 1000) + self.number,
            )
