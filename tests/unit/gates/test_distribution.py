"""How `make test` shares the tests among its workers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SHARED = set(re.findall(r"--dist \S+ --\S+", (ROOT / "Makefile").read_text("utf-8")))
TESTS = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(8))
def test_where_it_runs(number):
    with pathlib.Path(__file__).with_suffix(".workers").open("a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_the_tests_of_a_file_go_to_one_worker_which_sets_their_fixtures_up_once(
    tmp_path: Path,
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    [how] = SHARED
    files = [tmp_path / f"test_{number}.py" for number in range(2)]
    for file in files:
        file.write_text(TESTS)

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", *how.split(), tmp_path],
        check=False,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stdout
    ran = [file.with_suffix(".workers").read_text().split() for file in files]
    assert [len(workers) for workers in ran] == [8, 8]
    assert [len(set(workers)) for workers in ran] == [1, 1]
