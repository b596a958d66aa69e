"""Shows how far a reader is behind each partition that it reads, in records and in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.kafka.records import Record
from shared.telemetry.metrics import Metrics

Place = tuple[str, int]
"""A topic and a partition's number."""


class ShownLag:
    """Shows one reader's lag as of its last batch."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._shown: set[Place] = set()

    def show(
        self,
        behind: Mapping[Place, int],
        decided: Iterable[Record],
        assigned: Iterable[Place],
        now: float,
    ) -> None:
        """`behind` counts the records after those `decided` at `now` (seconds since 1970).

        A partition that is another reader's by now is shown no longer: its lag would stay for ever.
        """
        last = {(record.topic, record.partition): record.timestamp for record in decided}
        for place, records in behind.items():
            age = _age(last.get(place, -1), now) if records else 0.0
            self._metrics.lag.labels(*place).set(records)
            self._metrics.lag_seconds.labels(*place).set(age)
        self._shown.update(behind)
        for place in self._shown.difference(assigned):
            self._metrics.lag.remove(*place)
            self._metrics.lag_seconds.remove(*place)
            self._shown.discard(place)


def _age(timestamp_ms: int, now: float) -> float:
    """Returns a record's age in seconds; 0 if it has no timestamp."""
    return max(0.0, now - timestamp_ms / 1000) if timestamp_ms > 0 else 0.0
