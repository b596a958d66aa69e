"""Business numbers belong to the services: the command only presents what they say."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import desk.commands
from shared.operations.event_text_catalogue import CONSEQUENCES, HEADLINES, SENTENCES, WORDS

ROOT = Path(desk.commands.__file__).parents[2]
SAMPLES = "desk/commands/sample_account.py"
"""A made-up past, counted back from the first start: it states no rule."""
MODULES = sorted(
    file
    for room in ("desk/commands", "shared/operations")
    for file in (ROOT / room).rglob("*.py")
    if file != ROOT / SAMPLES
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_module_of_the_command_counts_calendar_days(module: Path) -> None:
    periods = [
        node.lineno
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("days", "weeks")
    ]

    assert periods == []


@pytest.mark.parametrize("texts", [HEADLINES, SENTENCES, CONSEQUENCES, WORDS])
def test_no_text_of_the_command_states_a_number(texts: object) -> None:
    assert not any(character.isdigit() for character in str(texts).replace(".v1", ""))
