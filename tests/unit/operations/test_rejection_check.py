"""Rejections that are alike name their channel and their faults, and nobody's data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.submissions import SubmissionRejected
from shared.kafka.records import RecordPosition
from shared.operations.checks.rejections import REJECTIONS, REPEATED, of_rejections
from shared.operations.checks.result import Remedy, Severity
from shared.operations.decoded_record import DecodedRecord


def rejected(source: Any = "/channels/fax", **more: Any) -> DecodedRecord:
    data = {
        "submission_type": "submission.registration.v1",
        "submission_source": source,
        "customer_id": "C-1",
        "errors": [{"field": "consents.transfer_abroad", "code": "consent_missing"}],
    }
    place, at = RecordPosition(REJECTIONS, 0, 0), datetime(2026, 11, 27, 12, tzinfo=UTC)
    ce_type = SubmissionRejected.ce_type
    return DecodedRecord(place, at, ce_type, "i", "/desk", "", "", "", data | more, 1)


def test_a_channel_that_leaves_out_the_same_again_and_again_is_named_with_it() -> None:
    check = of_rejections([rejected()] * REPEATED + [rejected("/channels/web")])

    assert (check.verdict, check.remedy) == (Severity.WARN, Remedy.TELL_SENDER)
    assert check.found == (
        f"within 15 minutes: {REPEATED} submission.registration.v1 from /channels/fax:"
        " consents.transfer_abroad consent_missing"
    )


def test_a_flood_hides_no_quieter_channel_that_fails_beside_it() -> None:
    flood = [rejected("/channels/web")] * 30 * REPEATED

    found = of_rejections([*flood, *[rejected()] * REPEATED]).found

    assert "/channels/web" in found
    assert f"; {REPEATED} submission.registration.v1 from /channels/fax" in found


@pytest.mark.parametrize(
    "records",
    [
        [],
        [rejected()] * (REPEATED - 1),
        [rejected(f"/channels/{number}") for number in range(2 * REPEATED)],
    ],
)
def test_few_rejections_or_different_ones_are_no_finding(records: list[DecodedRecord]) -> None:
    assert of_rejections(records).verdict is Severity.OK


@pytest.mark.parametrize(
    "strange",
    [
        {"errors": "a text"},
        {"errors": [1, {}]},
        {"submission_source": "a name <ana@example.test>"},
        {"submission_type": {"a": "b"}},
    ],
)
def test_what_a_stranger_wrote_there_is_neither_shown_nor_stumbled_over(strange: Any) -> None:
    check = of_rejections([rejected(**strange)] * REPEATED)

    assert check.verdict is Severity.WARN
    assert "ana@" not in check.found
