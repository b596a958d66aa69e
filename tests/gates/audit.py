"""Asks pip-audit whether a pinned dependency has a known vulnerability.

`python -m tests.gates.audit PIP_AUDIT`: exit 0 when none is known, 1 when one is, and 3, in plain
words, when the list of vulnerabilities could not be reached: then nothing has been audited.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

NOT_AUDITED = 3


def verdict(output: str, errors: str) -> tuple[int, list[str]]:
    """The exit code and what to say. pip-audit's report is JSON; without one it asked in vain."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        why = next(reversed(errors.strip().splitlines()), "pip-audit gave no reason")
        return NOT_AUDITED, ["NOT audited: the list of vulnerabilities gave no answer.", why]
    skipped = [
        f"NOT audited: {each['name']}: {each['skip_reason']}"
        for each in dependencies
        if "skip_reason" in each
    ]
    faulty = [
        f"{each['name']} {each['version']}: {fault['id']}, mended in {fault['fix_versions']}"
        for each in dependencies
        for fault in each.get("vulns", ())
    ]
    if faulty:
        return 1, skipped + faulty
    asked = len(dependencies) - len(skipped)
    if not asked:
        return NOT_AUDITED, ["NOT audited: nothing is known of any dependency.", *skipped[:1]]
    return 0, [*skipped, f"No known vulnerability in {asked} dependencies."]


def main() -> None:
    ran = subprocess.run(
        [
            *sys.argv[1:],
            "--require-hashes",
            "--disable-pip",
            "--format",
            "json",
            "--progress-spinner",
            "off",
            "--requirement",
            "constraints.hashed.txt",
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    code, lines = verdict(ran.stdout, ran.stderr)
    print(*lines, sep="\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
