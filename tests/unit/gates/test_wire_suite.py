"""What `make test-kafka` runs, and on which broker."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
MARK = "@pytest.mark." + "plaintext("


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
