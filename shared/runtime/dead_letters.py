"""Dead letters: the record untouched, plus where it came from and why it was not decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.events.topics import DEAD_LETTERS
from shared.kafka.records import RawHeaders, Record
from shared.runtime.reason import Reason

MAX_ERROR_CHARS = 500


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record given up by `service`. `error` holds no personal data."""

    record: Record
    service: str
    reason: Reason
    error: str
    at: datetime

    topic = DEAD_LETTERS

    @property
    def key(self) -> bytes | None:
        return self.record.key

    @property
    def value(self) -> bytes | None:
        return self.record.value

    @property
    def headers(self) -> RawHeaders:
        """The original headers, then the `dl_` ones; those of an earlier death are replaced."""
        record = self.record
        own = {
            "dl_topic": record.topic,
            "dl_partition": str(record.partition),
            "dl_offset": str(record.offset),
            "dl_service": self.service,
            "dl_reason": self.reason.value,
            "dl_error": self.error[:MAX_ERROR_CHARS],
            "dl_at": self.at.astimezone(UTC).isoformat(),
        }
        original = [(name, value) for name, value in record.headers if name not in own]
        return [*original, *((name, value.encode()) for name, value in own.items())]
