"""`desk demo` as people run it: a process of its own, and everything it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.events.topics import TOPICS

OUTCOMES = [event.ce_type.split(".")[1] for event in TOPICS["desk.cancellations"].events]
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
def played(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    directory: Path = tmp_path_factory.mktemp("demo")
    return subprocess.run(
        [Path(sys.executable).with_name("desk"), "demo", "--directory", directory],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )


def test_the_demo_finds_every_row_right(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stdout + played.stderr
    assert "37 of 37 rows ok" in played.stdout


@pytest.mark.parametrize("word", [*OUTCOMES, *OTHERS])
def test_the_table_shows_the_outcome(played: subprocess.CompletedProcess[str], word: str) -> None:
    assert word in played.stdout


def test_the_demo_says_where_to_look_next(played: subprocess.CompletedProcess[str]) -> None:
    assert "desk up" in played.stdout
    assert "docs/events.md" in played.stdout
