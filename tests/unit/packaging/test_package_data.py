"""An installed desk has every file that it reads, as its folder has."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("desk", "services", "shared")
DECLARED: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "setuptools"
]["package-data"]
UNREAD = {".py", ".pyc", ".md"}


def packed(package: str, pattern: str) -> set[Path]:
    return {path for path in ROOT.joinpath(*package.split(".")).glob(pattern) if path.is_file()}


def test_every_file_beside_the_code_is_packed() -> None:
    there = {
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in UNREAD
    }
    declared = {
        path
        for package, patterns in DECLARED.items()
        for pattern in patterns
        for path in packed(package, pattern)
    }

    assert there - declared == set()


def test_every_pattern_of_packed_files_finds_some() -> None:
    empty = [
        (package, pattern)
        for package, patterns in DECLARED.items()
        for pattern in patterns
        if not packed(package, pattern)
    ]

    assert empty == []
