"""`desk topics align`: the settings of topics that exist become those of the catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import typer

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import FAILED, DeskError
from shared.events.topics import CATALOGUE
from shared.kafka.errors import KafkaError
from shared.kafka.topic_settings import Difference
from shared.operations.topics import align_topics, shorter

BEFORE_SHORTER = (
    "A retention gets shorter: first wait until intake, archive and cancellation have logged that "
    "every record's state is on its topic, and raise HISTORY_KEPT_DAYS where it is set "
    "(docs/runbook.md)."
)


def align(*, apply: bool, as_json: bool, where: Where) -> None:
    """Show what differs, or alter it."""
    settings = where.settings()
    try:
        differing = asyncio.run(align_topics(settings, apply=apply))
    except KafkaError as error:
        raise DeskError(
            f"the broker does not do it ({type(error).__name__}).\n"
            "KAFKA_USERNAME needs DescribeConfigs and, for --apply, AlterConfigs on the topics.",
            code=FAILED,
        ) from None
    _show(differing, applied=apply, as_json=as_json)
    if differing and not apply:
        raise typer.Exit(FAILED)


def _show(differing: Sequence[Difference], *, applied: bool, as_json: bool) -> None:
    if as_json:
        print_json([{**asdict(setting), "altered": applied} for setting in differing])
        return
    if not differing:
        print(f"all {len(CATALOGUE)} topics are set as in the catalogue")
        return
    table = columns("bold", "", "")
    for setting in differing:
        said = f"{setting.found or 'not set'} → {setting.wanted}"
        table.add_row(setting.topic, setting.setting, text(said))
    out = console()
    out.print(table)
    if applied:
        print(f"{len(differing)} settings altered")
        return
    if shorter(differing):
        print(BEFORE_SHORTER)
    print("Alter them: desk topics align --apply")
