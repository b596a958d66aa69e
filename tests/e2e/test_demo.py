"""`desk demo` as people run it: a process of its own, and everything it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from desk.contract_docs.goldens import read_goldens
from desk.contract_docs.schemas import event_schemas
from shared.events.topics import DEAD_LETTERS, SERVICES, TOPICS
from tests.contract.shapes import record_shape, shape_of, unknown_words

OUTCOMES = [event.ce_type.split(".")[1] for event in TOPICS["desk.cancellations"].events]
OF_SERVICES = {f"/services/{name}" for name in SERVICES}
GOLDENS = read_goldens(Path(__file__).parents[2])
OTHERS = [
    "registered",
    "access_authorised",
    "rejected",
    "routed",
    "answered",
    "resolved",
    "reopened",
    "closed",
    "dead_letter",
    "copy_ready",
    "copy_denied",
    "accepted",
    "activation_failed",
    "activated",
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def played(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("desk"), "demo", "--directory", directory],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )


@pytest.fixture(scope="module")
def records(played: subprocess.CompletedProcess[str], directory: Path) -> list[dict[str, Any]]:
    """Every record that was on a topic during the demo."""
    assert (directory / "records.jsonl").exists(), played.stdout + played.stderr
    return [json.loads(line) for line in (directory / "records.jsonl").read_text().splitlines()]


def test_the_demo_finds_every_row_right(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stdout + played.stderr
    assert "39 of 39 rows ok" in played.stdout


@pytest.mark.parametrize("word", [*OUTCOMES, *OTHERS])
def test_the_table_shows_the_outcome(played: subprocess.CompletedProcess[str], word: str) -> None:
    assert word in played.stdout


def test_every_event_in_an_inquirys_name_leads_to_the_submission_that_began_it(
    records: list[dict[str, Any]],
) -> None:
    submissions = {it["headers"]["ce_id"] for it in records if it["topic"] == "desk.submissions"}
    of_the_desk = [it for it in records if it["headers"].get("ce_source", "") in OF_SERVICES]
    named = [it for it in of_the_desk if it["value"].get("inquiry_id")]
    astray = {
        it["headers"]["ce_type"]
        for it in named
        if it["headers"].get("ce_correlationid") not in submissions
    }

    assert len(named) > 100
    assert astray == set()


def test_the_last_state_of_every_inquiry_and_contract_is_that_of_its_last_event(
    records: list[dict[str, Any]],
) -> None:
    cancellations = [it for it in records if it["topic"] == "desk.cancellations"]
    last = {it["key"]: it["value"]["sequence"] for it in cancellations}
    stated = {
        it["key"]: it["value"]["sequence"]
        for it in records
        if it["topic"] == "desk.cancellation-states"
    }
    opened = {it["key"] for it in records if it["headers"].get("ce_type") == "inquiry.opened.v1"}

    assert {number: stated[number] for number in last} == last
    assert {it["key"] for it in records if it["topic"] == "desk.inquiry-states"} == opened


WITH_MORE = {"contract.acceptance_requested.v1", "contract.accepted.v1"}
"""Their examples name a text and the signer's authentication, too; the demo accepts without."""


def test_the_documented_examples_are_what_the_desk_publishes(
    records: list[dict[str, Any]],
) -> None:
    published: dict[str, set[str]] = {}
    for record in records:
        if record["headers"].get("ce_source") in OF_SERVICES and record["topic"] != DEAD_LETTERS:
            published.setdefault(record["headers"]["ce_type"], set()).add(record_shape(record))
    drifted = {
        ce_type: (record_shape(asdict(GOLDENS[ce_type])), shapes)
        for ce_type, shapes in published.items()
        if ce_type not in WITH_MORE and record_shape(asdict(GOLDENS[ce_type])) not in shapes
    }

    assert len(published) > 40
    assert drifted == {}
    for record in records:
        if record["headers"].get("ce_type") in WITH_MORE:
            example = GOLDENS[record["headers"]["ce_type"]].value
            assert {it: shape_of(example[it]) for it in record["value"]} == {
                it: shape_of(part) for it, part in record["value"].items()
            }


def test_what_the_desk_publishes_uses_the_documented_words_alone(
    records: list[dict[str, Any]],
) -> None:
    schemas = event_schemas()
    of_services = [it for it in records if it["headers"].get("ce_source") in OF_SERVICES]
    undocumented = {
        word
        for it in of_services
        if it["topic"] != DEAD_LETTERS
        for word in unknown_words(it["value"], schemas[it["headers"]["ce_type"]])
    }

    assert undocumented == set()


def test_the_demo_says_where_to_look_next(played: subprocess.CompletedProcess[str]) -> None:
    assert "desk up" in played.stdout
    assert "docs/events.md" in played.stdout
