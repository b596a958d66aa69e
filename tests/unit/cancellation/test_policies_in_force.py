"""The cancellation service announces its policies, those in force and those to come."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.cancellation.policies.in_force import policies_in_force
from services.cancellation.policies.outcome import PolicyName
from services.cancellation.policies.terms import PolicyTerms, Rules

OLD = PolicyTerms(version="2024-1", holds_from=date(2000, 1, 1))
NEW = PolicyTerms(version="2027-1", holds_from=date(2027, 1, 1), monthly_notice_days=15)
RULES = Rules(terms=(OLD, NEW))


def test_every_policy_is_announced_with_its_version_and_terms() -> None:
    announced = {it.policy: it for it in policies_in_force(RULES, datetime(2026, 3, 1, tzinfo=UTC))}

    assert set(announced) == set(PolicyName)
    assert {it.version for it in announced.values()} == {"2024-1"}
    assert announced["monthly-notice"].terms == {
        "notice_days": 30,
        "evidence_days": 30,
        "reminder_days": 7,
    }
    assert announced["written-notice"].terms["signatures"]["call_centre"] == [
        "agent_witness",
        "electronic",
        "signed_document",
    ]
    assert "75 días" in announced["renewal-lapse"].summary.es


def test_a_version_to_come_is_announced_beside_the_one_in_force() -> None:
    [monthly] = [
        it
        for it in policies_in_force(RULES, datetime(2026, 3, 1, tzinfo=UTC))
        if it.policy == PolicyName.MONTHLY_NOTICE
    ]

    assert [(it.version, it.terms["notice_days"]) for it in monthly.to_come] == [("2027-1", 15)]
    assert "15 days' notice" in monthly.to_come[0].summary.en


@pytest.mark.parametrize(
    ("now", "version"),
    [
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), "2024-1"),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "2027-1"),
    ],
)
def test_a_version_comes_into_force_at_the_start_of_its_day_in_madrid(
    now: datetime, version: str
) -> None:
    announced = policies_in_force(RULES, now)

    assert {it.version for it in announced} == {version}
    assert {len(it.to_come) for it in announced} == {1 if version == "2024-1" else 0}
