"""`desk cancellation preview`: what would happen if I asked today? Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from desk.commands.addresses import find
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import DeskError
from desk.commands.event_text import consequence, label, said
from services.cancellation.file.decide import CancellationFile
from services.cancellation.preview import INQUIRY
from services.cancellation.preview import preview as preview_of
from services.cancellation.service import FILE, rules_of
from services.cancellation.settings import Settings
from shared.events.envelope import Event, Ref
from shared.events.topics import CANCELLATION
from shared.events.values import Language
from shared.operations.records import reading
from shared.runtime.codec import dump


@dataclass(frozen=True, slots=True)
class Question:
    """A request that nobody makes."""

    contract: str
    customer: str | None
    destruction_confirmed: bool
    signed: bool
    requested_end_on: date | None


def preview(
    *,
    contract: str,
    customer: str | None,
    destruction_confirmed: bool,
    signed: bool,
    requested_end: str | None,
    language: Language,
    as_json: bool,
    directory: Path,
    mongo: str | None,
) -> None:
    """Say what a cancellation request would bring today."""
    end = _date(requested_end)
    question = Question(contract, customer, destruction_confirmed, signed, end)
    file, events = asyncio.run(_ask(find(directory, mongo=mongo).mongo_address, question))
    if as_json:
        print_json([{"ce_type": event.ce_type, "data": dump(event)} for event in events])
    else:
        show(file, events, language, console())


async def _ask(
    mongo_url: str, question: Question
) -> tuple[CancellationFile | None, Sequence[Event]]:
    async with reading(mongo_url, CANCELLATION) as records:
        ref = Ref(FILE, question.contract)
        found = await records[CANCELLATION].store.read([ref])
        settings = records[CANCELLATION].settings
    assert isinstance(settings, Settings)
    file = found[ref].state
    return file, preview_of(
        rules_of(settings),
        file,
        question.contract,
        datetime.now(UTC),
        customer_id=question.customer,
        destruction_confirmed=question.destruction_confirmed,
        signed=question.signed,
        requested_end_on=question.requested_end_on,
    )


def show(
    file: CancellationFile | None, events: Sequence[Event], language: Language, out: Console
) -> None:
    """Outcome, dates, and the explanation."""
    if file is None or file.contract is None:
        out.print(label("no_contract", language), style="yellow")
    for event in events:
        out.print(_table(event, language))
    out.print(label("unchanged", language), style="dim")


def _table(event: Event, language: Language) -> Any:
    data = dump(event)
    found = said(event.ce_type, data, language)
    dates = consequence(event.ce_type, data, language)
    rows = {
        "outcome": found.what if found else event.ce_type,
        "dates": dates,
        "policy": f"{data['policy']} {data['policy_version']}, {data['rule']}",
        "why": data["explanation"][language.value],
    }
    if data.get("inquiry_id") != INQUIRY:
        others = f"{label('open_request', language)} {data.get('inquiry_id')}:"
        rows = {"also": others, **rows}
    table = columns("bold", "")
    for name, value in rows.items():
        if value:
            table.add_row(label(name, language), text(value))
    return table


def _date(written: str | None) -> date | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise DeskError(
            f"--requested-end {written!r} is no date; write it like 2027-01-31."
        ) from None
