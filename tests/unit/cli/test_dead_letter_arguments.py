"""`desk dead-letters` refuses arguments that make no sense, and explains itself."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from desk.cli import app
from desk.commands.dead_letter_acts import _assignments
from desk.commands.errors import WRONG_USE, DeskError
from desk.commands.failures import expected

EDIT = ["edit", "0-1", "--why", "a test"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "x"], "it looks like 3-1042"),
        (["replay", "0-1", "3"], "it looks like 3-1042"),
        (["replay", "0-1", "--all"], "not both"),
        (["replay", "--aggregate", "K-1", "--reason", "defect"], "--aggregate means all"),
        (["edit", "0-1", "--set", "/a=1", "--why", " "], "--why is empty"),
        (["discard", "0-1", "--why", ""], "--why is empty"),
        (EDIT, "say what to correct"),
        ([*EDIT, "--set", "/a=1", "--editor"], "not by several"),
        ([*EDIT, "--set", "/a"], "--set NAME=VALUE"),
        ([*EDIT, "--header", "x"], "--header NAME=VALUE"),
        ([*EDIT, "--file", "no-such.json"], "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_asked(
    arguments: list[str], said: str
) -> None:
    ended = CliRunner().invoke(app, ["dead-letters", *arguments])

    assert isinstance(ended.exception, Exception)
    told = expected(ended.exception) or ended.exception
    assert isinstance(told, DeskError)
    assert said in str(told)
    assert told.code == WRONG_USE


@pytest.mark.parametrize("arguments", [["edit", "0-1", "--set", "/a=1"], ["discard", "0-1"]])
def test_without_a_reason_nothing_is_edited_or_discarded(arguments: list[str]) -> None:
    ended = CliRunner().invoke(app, ["dead-letters", *arguments])

    assert ended.exit_code == 2
    assert "--why" in ended.stderr


@pytest.mark.parametrize("command", ["list", "show", "replay", "edit", "discard"])
def test_every_command_explains_itself_in_80_columns(command: str) -> None:
    ended = CliRunner().invoke(app, ["dead-letters", command, "--help"], terminal_width=80)

    assert ended.exit_code == 0
    assert max(map(len, ended.output.splitlines())) <= 80


def test_show_warns_that_it_shows_personal_data() -> None:
    ended = CliRunner().invoke(app, ["dead-letters", "show", "--help"])

    assert "personal data" in " ".join(ended.output.split())


@pytest.mark.parametrize("written", ["/text", "=1", ""])
def test_an_assignment_needs_a_name_and_a_sign(written: str) -> None:
    with pytest.raises(DeskError, match="NAME=VALUE"):
        _assignments([written], "--set")


def test_a_value_may_hold_further_signs() -> None:
    assert _assignments(["/a=b=c"], "--set") == (("/a", "b=c"),)
