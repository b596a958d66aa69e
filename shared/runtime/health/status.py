"""The service's health: the state of its dependencies and progress, and the health page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.telemetry.metrics import Metrics

FAILED = "failed"
"""The phase of a service that can do no work again; its process is about to end."""


@dataclass(slots=True)
class Health:
    """`starting`, `ok`, `degraded` (naming the dependency that is down), `stopping` or `failed`.

    `reasons` says why a dependency is down, where its name is not enough; a service that has a
    reason not to start is degraded, too.
    """

    service: str
    metrics: Metrics
    now: Callable[[], datetime]
    phase: str = "starting"
    away: dict[str, datetime] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    missed_idly: set[str] = field(default_factory=set)
    batches: int = 0
    last_batch_at: datetime | None = None
    clock_skew_seconds: float = 0.0
    clock_compared_with: str | None = None

    @property
    def status(self) -> str:
        held_back = self.phase == "starting" and self.reasons
        return "degraded" if held_back or (self.away and self.phase == "ok") else self.phase

    def lost(self, dependency: str) -> None:
        """Work failed on it; only work that succeeds brings it back."""
        self.missed_idly.discard(dependency)
        self.away.setdefault(dependency, self.now())
        self.metrics.outages.labels(dependency).inc()
        self.metrics.degraded.labels(dependency).set(1)

    def objects(self, dependency: str, reason: str) -> None:
        """Marks a dependency that answers but forbids work; logs each reason once."""
        if self.reasons.get(dependency) != reason:
            self.reasons[dependency] = reason
            self.lost(dependency)

    def back(self, *dependencies: str) -> None:
        for dependency in dependencies:
            self.reasons.pop(dependency, None)
            self.missed_idly.discard(dependency)
            if self.away.pop(dependency, None) is not None:
                self.metrics.degraded.labels(dependency).set(0)

    def silent(self, dependency: str) -> None:
        """Marks a dependency that fails an idle check; logs it once per outage."""
        if dependency not in self.away:
            self.lost(dependency)
            self.missed_idly.add(dependency)

    def answered(self, dependency: str) -> None:
        """It answers. Where work failed on it, that alone is not enough."""
        if dependency in self.missed_idly:
            self.back(dependency)

    def begun(self) -> None:
        """The service has started: every dependency answered."""
        self.back(*list(self.away))
        self.phase = "ok"

    def progressed(self) -> None:
        self.batches += 1
        self.last_batch_at = self.now()

    def page(self) -> bytes:
        """The health page as JSON; instants are RFC 3339, UTC."""
        return json.dumps(
            {
                "service": self.service,
                "status": self.status,
                "away": {name: since.isoformat() for name, since in self.away.items()},
                "reasons": self.reasons,
                "batches": self.batches,
                "clock_skew_seconds": self.clock_skew_seconds,
                "clock_compared_with": self.clock_compared_with,
                "last_batch_at": self.last_batch_at and self.last_batch_at.isoformat(),
            }
        ).encode()
