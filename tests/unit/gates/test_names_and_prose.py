"""Names and docstrings: a class name of the product has one meaning, docstrings are statements."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("desk", "services", "shared")
AROUND = ("bench", "deploy", "tests")

API = "The portal's API has a model of this name: its schema's title is public."
COMMAND = "The acts of two JSON commands; each name is the word that the command takes."
ROLE = "The same role in every service, in the file of the same name."
SHARED_NAMES: Mapping[str, str] = {
    "Add": COMMAND,
    "Again": "One meaning on two pages of the console.",
    "Cancellation": API,
    "CustomerReplica": "Two readers keep a replica of the same aggregate.",
    "Decision": API,
    "Inquiry": API,
    "List": COMMAND,
    "Page": API,
    "Process": ROLE,
    "Rules": ROLE,
    "Settings": ROLE,
}
"""Class names that several modules share, each with its reason."""


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def modules(*packages: str) -> dict[str, ast.Module]:
    files = sorted(file for package in packages for file in (ROOT / package).rglob("*.py"))
    return {str(file.relative_to(ROOT)): parsed(file) for file in files}


def docstrings(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string that stands as a statement, with its line: attributes have docstrings, too."""
    for node in ast.walk(module):
        match node:
            case ast.Expr(value=ast.Constant(value=str() as text), lineno=line):
                yield line, text


def shared_names(found: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """The class names that several modules define, with these modules."""
    homes = defaultdict[str, set[str]](set)
    for name, module in found.items():
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                homes[node.name].add(name)
    return {name: files for name, files in homes.items() if len(files) > 1}


def test_no_docstring_answers_a_question_instead_of_making_a_statement() -> None:
    asking = [
        f"{name}:{line}"
        for name, module in modules(*PACKAGES, *AROUND).items()
        for line, text in docstrings(module)
        if text.startswith("What ")
    ]

    assert asking == []


def test_one_class_name_has_one_meaning() -> None:
    found = shared_names(modules(*PACKAGES))

    assert {name: files for name, files in found.items() if name not in SHARED_NAMES} == {}


@pytest.mark.parametrize("name", SHARED_NAMES)
def test_a_shared_class_name_is_listed_only_while_modules_share_it(name: str) -> None:
    assert name in shared_names(modules(*PACKAGES))


def test_a_class_name_in_two_modules_is_found() -> None:
    one, other = ast.parse("class Case: ..."), ast.parse("def f():\n    class Case: ...")

    assert shared_names({"one.py": one, "other.py": other}) == {"Case": {"one.py", "other.py"}}
