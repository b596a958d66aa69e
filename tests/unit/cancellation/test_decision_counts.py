"""The metrics count decisions by type and by the policy that decided."""

from __future__ import annotations

from tests.builders.cancellation import MONTHLY, Desk, contract, requested
from tests.fakes.memory_stage import METRICS


def counted(ce_type: str, policy: str) -> float:
    labels = {"type": ce_type, "policy": policy}
    return METRICS.registry.get_sample_value("desk_decisions_total", labels) or 0


def test_a_decision_is_counted_under_its_policy() -> None:
    at = ("cancellation.scheduled.v1", "monthly-notice")
    before = counted(*at)

    Desk("2027-03-01", contract(MONTHLY)).hears(requested("2027-03-01", destruction_confirmed=True))

    assert counted(*at) == before + 1
