"""The Makefile's targets and CI together run every test."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
MARK = "pytest.mark." + "plaintext("
LONG = "pytest.mark." + "long("


def variable(name: str) -> list[str]:
    """The words of a variable of the Makefile."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    [words] = re.findall(rf"^{name} := (.*)$", text, re.MULTILINE)
    return str(words).split()


def test_what_is_not_run_on_the_secured_broker_is_run_on_the_other_one() -> None:
    tests = (ROOT / "tests").rglob("test_*.py")
    marked = {str(file.relative_to(ROOT)) for file in tests if MARK in file.read_text()}
    assert marked
    assert marked <= set(variable("PLAINTEXT_TESTS"))
    assert all((ROOT / path).exists() for path in variable("PLAINTEXT_TESTS"))


def test_what_make_test_leaves_out_is_run_by_make_test_long() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert long_ones()
    assert all(file.startswith(within(variable("LONG_TESTS"))) for file in long_ones())
    assert makefile.count("-m 'not long'") == makefile.count("-m long ") == 1


def test_ci_runs_every_test_once_or_more() -> None:
    """CI repeats no measured test without measuring, and no long test that runs on Kafka, too."""
    lines = {line.strip() for line in (ROOT / ".ci/run").read_text().splitlines()}
    measured = "$(addprefix --ignore ,$(COVERAGE_TESTS))"
    assert {
        "make coverage EXAMPLES=few",
        f"make test TESTS='$(ORDINARY_TESTS) {measured}'",
    } <= lines
    assert {"make test-long LONG_TESTS='tests/poison $(NOT_ON_KAFKA)'", "make test-kafka"} <= lines
    elsewhere = within([*variable("WIRE_TESTS"), "tests/poison"])
    assert all(file.startswith(elsewhere) for file in long_ones())


def long_ones() -> set[str]:
    tests = (ROOT / "tests").rglob("test_*.py")
    return {str(file.relative_to(ROOT)) for file in tests if LONG in file.read_text()}


def within(directories: list[str]) -> tuple[str, ...]:
    return tuple(f"{it}/" for it in directories)


def test_the_faults_are_a_short_run_unless_a_long_one_is_asked_for() -> None:
    """A variable of the Makefile that has the name of an option is given whoever calls."""
    asked = ["make", "--dry-run", "--always-make", "faults"]
    short, long = (
        subprocess.run([*asked, *more], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for more in ((), ("LONG=1",))
    )
    assert "-m tests.faults" in short
    assert "--long" not in short
    assert "-m tests.faults --long" in long
