"""The audit of a poison run accuses nobody who did as he should, and overlooks nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from shared.events.topics import INTAKE
from tests.poison import audit
from tests.poison.audit import Findings, Grave, Place, Public
from tests.poison.inputs import Poison, poison
from tests.poison.publish import Sent
from tests.poison.trial import built

AT = datetime(2026, 3, 16, 10, tzinfo=UTC)
HOW_MANY = 3_000


@pytest.fixture(scope="module")
def sent() -> Sent:
    return Sent(seed=1, at=AT, places={n: (0, n, -1) for n in range(HOW_MANY)})


def unreadable(sent: Sent) -> tuple[Poison, Place]:
    """A submission that intake cannot read, and where its dead letter says it lies."""
    [intake] = [service for service in built() if service.name == INTAKE]
    for record in sent.poison:
        if record.topic == "desk.submissions" and (graves := [*audit._graves(record, (intake,))]):
            return record, graves[0]
    raise AssertionError("no such record among the first")


def accused(sent: Sent, dead: dict[Place, Grave]) -> list[str]:
    findings = Findings()
    known = {service.name: set[str]() for service in built()}
    audit.account(sent, Public(dead=dead), known, built(), findings)
    return [line for line in findings.wrong if line.startswith("dead letters of records that can")]


def test_a_record_that_lies_twice_has_two_dead_letters_and_one_more_is_accused(sent: Sent) -> None:
    record, place = unreadable(sent)
    again = place._replace(offset=HOW_MANY + 1)
    grave = Grave("unreadable", "…", audit._body(record.key, record.value))
    assert not accused(sent, {place: grave, again: grave})
    other = grave._replace(body=audit._body(record.key, b"something that can be read"))
    assert accused(sent, {place: grave, again: other})
    neighbour = again._replace(service="nobody_who_should")
    assert accused(sent, {place: grave, neighbour: grave})


def test_a_forged_approval_is_known_by_an_id_that_is_its_own(sent: Sent) -> None:
    found = audit._forged(sent)
    kinds = {
        record.kind for record in islice(poison(1, AT), HOW_MANY) if audit._id_of(record) in found
    }
    assert kinds == {"forged approval"}
    assert "" not in found
