"""`desk verify`: every record still follows from its history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table

from desk.commands.addresses import Where
from desk.commands.console import console, print_json
from desk.commands.errors import FAILED
from desk.commands.service_commands import COMPARE, VERIFY, answers_of
from shared.operations.visible import plain
from shared.runtime.verification import Verification


def verify(
    *,
    as_json: bool,
    where: Where,
    topics: bool,
) -> None:
    """Check that every record follows from its history, or with `topics` from the topics."""
    if topics:
        compare_with_topics(where, as_json=as_json)
        return
    audits = asyncio.run(_audits(where))
    if as_json:
        print_json([asdict(audit) for audit in audits])
    else:
        show(audits, console())
    if any(audit.faults for audit in audits):
        raise typer.Exit(FAILED)


def compare_with_topics(where: Where, *, as_json: bool) -> None:
    """Ends with code 1 where a record and a topic differ."""
    found = asyncio.run(answers_of(COMPARE, where))
    if as_json:
        print_json(found)
    else:
        out = console()
        for comparison in found:
            counts = (
                f"{comparison['recorded']:,} events in histories, "
                f"{comparison['published']:,} on topics"
            )
            out.print(
                plain(f"{comparison['service']}: {counts}, {comparison['count']:,} differences")
            )
            for difference in comparison["differences"]:
                out.print(plain(f"  {difference}"), style="red", soft_wrap=True)
        if any(comparison["count"] for comparison in found):
            out.print("A database older than its topics is brought forward by `desk restore`.")
    if any(comparison["count"] for comparison in found):
        raise typer.Exit(FAILED)


async def _audits(where: Where) -> list[Verification]:
    """One of each kind of aggregate, service by service."""
    told = await answers_of(VERIFY, where)
    return [Verification(**audit) for of_service in told for audit in of_service]


def show(audits: Sequence[Verification], out: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("service", "kind"):
        table.add_column(name, no_wrap=True)
    for name in ("aggregates", "messages", "events", "faults"):
        table.add_column(name, justify="right", no_wrap=True)
    for audit in audits:
        counts = (audit.aggregates, audit.messages, audit.events, audit.fault_count)
        style = "red" if audit.faults else ""
        table.add_row(audit.service, audit.kind, *(f"{n:,}" for n in counts), style=style)
    out.print(table)
    for audit in audits:
        for fault in audit.faults:
            out.print(
                plain(f"fault: {audit.service} {audit.kind} {fault}"), style="red", soft_wrap=True
            )
    if any(audit.faults for audit in audits):
        out.print("Keep the database as it is and compare the histories named above.")
        return
    expired = sum(audit.expired for audit in audits)
    if expired:
        out.print(
            f"{expired:,} histories no longer begin at their beginning (HISTORY_KEPT_DAYS): what is"
            " left of them is sound, but their records' states cannot be checked against it."
        )
    whole = "Every record whose history is whole" if expired else "Every record"
    out.print(f"{whole} follows from its history.", style="green")
