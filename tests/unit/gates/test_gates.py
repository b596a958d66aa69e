"""The gates for coverage, Python versions and dependencies name each fault."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.gates import audit, coverage, matrix

RULES = "services/cancellation/policies/refer.py"
PAGE = "services/customer_portal/pages/contact.py"


@pytest.mark.parametrize(
    ("percents", "short"),
    [
        ({RULES: 95.0}, []),
        ({RULES: 94.9}, [f"{RULES}: 94.9 %, 95 % wanted"]),
        ({PAGE: 94.9}, [f"{PAGE}: 94.9 %, 95 % wanted"]),
        ({"shared/formats.py": 1.0, "services/operations_console/cases.py": 1.0}, []),
    ],
)
def test_no_file_of_a_service_may_be_half_tested(
    percents: dict[str, float], short: list[str]
) -> None:
    files = {name: {"summary": {"percent_covered": each}} for name, each in percents.items()}

    assert coverage.shortfalls({"files": files}) == short


def test_the_matrix_names_what_is_missing_and_what_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(matrix, "ENVIRONMENTS", tmp_path)
    here = {"3.11": "python-a", "3.13": "python-b"}
    monkeypatch.setattr(matrix, "interpreter", here.get)

    def run(command: Sequence[str]) -> bool:
        return not ("pytest" in command and "3.13" in command[0])

    found = matrix.outcomes(["tests/unit"], run)

    assert found == {
        "3.11": "passed",
        "3.12": "missing on this machine",
        "3.13": "FAILED",
        "3.14": "missing on this machine",
    }
    assert matrix.failed(found)
    assert not matrix.failed({"3.11": "passed", "3.12": "missing on this machine"})
    assert matrix.failed({"3.11": "missing on this machine"})


def test_a_python_that_is_none_of_the_version_is_missing() -> None:
    assert matrix.interpreter("2.99") is None


CLEAN = {"name": "babel", "version": "1", "vulns": []}
FAULTY = CLEAN | {"vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "noida-db", "skip_reason": "no answer"}


@pytest.mark.parametrize(
    ("dependencies", "code"),
    [([CLEAN], 0), ([CLEAN, SKIPPED], 0), ([CLEAN, FAULTY], 1), ([SKIPPED], 3)],
)
def test_an_audit_says_what_it_found(dependencies: list[object], code: int) -> None:
    assert audit.verdict(json.dumps({"dependencies": dependencies}), "")[0] == code


def test_an_audit_that_reached_no_list_passes_for_none() -> None:
    code, said = audit.verdict("", "Traceback\nConnectionError: no route")

    assert code == audit.NOT_AUDITED
    assert said == [
        "NOT audited: the list of vulnerabilities gave no answer.",
        "ConnectionError: no route",
    ]
