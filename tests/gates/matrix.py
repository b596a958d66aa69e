"""Runs the unit and contract tests on every supported Python that this machine has.

`python -m tests.gates.matrix [TESTS…]` makes an environment for each under `.venv-matrix`, from
constraints.txt, and ends with a table that names the versions that were missing. It fails where a
version fails, or where none is found.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ENVIRONMENTS = Path(".venv-matrix")
TESTS = ("tests/unit", "tests/contract")
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
Run = Callable[[Sequence[str]], bool]


def interpreter(version: str) -> str | None:
    """A Python of this version that starts; a pyenv shim of an inactive version does not."""
    return next((each for each in _candidates(version) if _is(each, version)), None)


def _candidates(version: str) -> Iterator[str]:
    if found := shutil.which(f"python{version}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from (str(each) for each in sorted(pyenv.glob(f"{version}.*/bin/python3")))


def _is(program: str, version: str) -> bool:
    asked = [program, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
    ran = subprocess.run(asked, check=False, capture_output=True, text=True)
    return ran.returncode == 0 and ran.stdout.strip() == version


def tested(version: str, program: str, tests: Sequence[str], run: Run) -> bool:
    """Whether the environment could be made and its tests pass."""
    environment = ENVIRONMENTS / version
    python = str(environment / "bin" / "python")
    install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    return (
        (environment.exists() or run([program, "-m", "venv", str(environment)]))
        and run([*install, "-c", "constraints.txt", "-e", ".[embedded,dev]"])
        and run([python, "-m", "pytest", "-q", "-n", "2", *tests])
    )


def outcomes(tests: Sequence[str], run: Run) -> dict[str, str]:
    """`passed`, `FAILED` or `missing on this machine`, by version."""
    found: dict[str, str] = {}
    for version in VERSIONS:
        program = interpreter(version)
        if program is None:
            found[version] = "missing on this machine"
        else:
            found[version] = "passed" if tested(version, program, tests, run) else "FAILED"
    return found


def failed(found: dict[str, str]) -> bool:
    return "FAILED" in found.values() or "passed" not in found.values()


def _run(command: Sequence[str]) -> bool:
    print("$", *command, flush=True)
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    table = outcomes(sys.argv[1:] or TESTS, _run)
    print(*(f"Python {version}: {outcome}" for version, outcome in table.items()), sep="\n")
    sys.exit(failed(table))
