"""What the doctor says, apart from the wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.ops.checks import clock_check, mail_check, service_checks
from desk.ops.findings import Verdict


@pytest.mark.parametrize(
    ("skew_s", "verdict"),
    [
        (0.0, Verdict.OK),
        (-1.9, Verdict.OK),
        (2.5, Verdict.WARN),
        (-299.0, Verdict.WARN),
        (301.0, Verdict.FAIL),
    ],
)
def test_a_clock_is_judged_by_what_intake_tolerates(skew_s: float, verdict: Verdict) -> None:
    assert clock_check(skew_s).verdict is verdict


async def test_a_mail_server_that_is_away_is_told_with_its_address() -> None:
    check = await mail_check("smtp://127.0.0.1:1")

    assert check.verdict is Verdict.FAIL
    assert "127.0.0.1:1" in check.found


async def test_services_that_run_elsewhere_are_only_a_warning(tmp_path: Path) -> None:
    [check] = await service_checks(tmp_path)

    assert check.verdict is Verdict.WARN
    assert "/health" in check.advice
