"""`desk doctor`: is everything there, and what to do where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console

from desk.commands.addresses import Where
from desk.commands.checks import advice, all_checks
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import FAILED
from shared.operations.checks.result import Check, Severity

STYLES = {Severity.OK: "green", Severity.WARN: "yellow", Severity.FAIL: "bold red"}


def doctor(
    *,
    as_json: bool,
    where: Where,
) -> None:
    """Check that everything is there and keeps up."""
    checks = asyncio.run(all_checks(where))
    if as_json:
        print_json([_as_json(check) for check in checks])
    else:
        show(checks, console())
    if any(check.verdict is Severity.FAIL for check in checks):
        raise typer.Exit(FAILED)


def _as_json(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "verdict": check.verdict,
        "found": check.found,
        "advice": advice(check),
    }


def show(checks: Sequence[Check], out: Console) -> None:
    table = columns("bold", "", "")
    for check in checks:
        words = text(check.found)
        if told := advice(check):
            words.append_text(text(f"\n→ {told}", "italic"))
        verdict = text(check.verdict.value, STYLES[check.verdict])
        table.add_row(verdict, check.name, words)
    out.print(table)
