"""The library speaks in values: it names no command, option or file of the one who calls it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import shared.operations

FACE = re.compile(r"(?<![\w-])--[a-z]|`desk |\.desk/|exit code")
MODULES = sorted(Path(shared.operations.__file__).parent.rglob("*.py"))


def texts_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_text_of_the_library_names_a_command_or_an_option(module: Path) -> None:
    assert [text for text in texts_of(module.read_text()) if FACE.search(text)] == []


@pytest.mark.parametrize("text", ["give --force", "`desk doctor` says so", "see .desk/logs"])
def test_such_a_text_would_be_found(text: str) -> None:
    assert [told for told in texts_of(f"WORDS = {text!r}") if FACE.search(told)] == [text]
