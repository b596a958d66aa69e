"""What `make test-kafka` runs, and on which broker."""

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


def test_what_make_test_leaves_out_is_run_by_make_test_long_and_both_by_ci() -> None:
    tests = (ROOT / "tests").rglob("test_*.py")
    long = {str(file.relative_to(ROOT)) for file in tests if LONG in file.read_text()}
    makefile = (ROOT / "Makefile").read_text()
    assert long
    assert all(file.startswith(tuple(f"{it}/" for it in variable("LONG_TESTS"))) for file in long)
    assert makefile.count("-m 'not long'") == makefile.count("-m long ") == 1
    assert {"make test", "make test-long"} <= set((ROOT / ".ci/run").read_text().splitlines())


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
