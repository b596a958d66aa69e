"""`desk cancellation preview`: what would happen if I asked today? Nothing is changed.

The deployed service answers, with its terms, whatever is in the operator's environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

from rich.console import Console

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import DeskError
from desk.commands.services import services_of
from shared.events.topics import CANCELLATION
from shared.events.values import Language
from shared.operations.event_text import consequence, label, said
from shared.runtime.operations.answers import PreviewAnswer, PreviewedEvent

HYPOTHETICAL = "preview"
"""The inquiry id of the hypothetical request; events of another are about an open request."""


def preview(
    *,
    contract: str,
    customer: str | None,
    destruction_confirmed: bool,
    signed: bool,
    requested_end: str | None,
    language: Language,
    as_json: bool,
    where: Where,
) -> None:
    """Say what a cancellation request would bring today."""
    question = {
        "contract_number": contract,
        "customer_id": customer,
        "destruction_confirmed": destruction_confirmed,
        "signed": signed,
        "requested_end_on": _date(requested_end),
    }
    answer = asyncio.run(_ask(where, question))
    if as_json:
        print_json([event.model_dump() for event in answer.events])
    else:
        show(answer, language, console())


async def _ask(where: Where, question: Mapping[str, Any]) -> PreviewAnswer:
    async with services_of(where, CANCELLATION) as services:
        return await services[CANCELLATION].preview(question)


def show(answer: PreviewAnswer, language: Language, out: Console) -> None:
    """Outcome, dates, and the explanation."""
    if not answer.known:
        out.print(label("no_contract", language), style="yellow")
    for event in answer.events:
        out.print(_table(event, language))
    out.print(label("unchanged", language), style="dim")


def _table(event: PreviewedEvent, language: Language) -> Any:
    data = event.data
    found = said(event.ce_type, data, language)
    dates = consequence(event.ce_type, data, language)
    rows = {
        "outcome": found.what if found else event.ce_type,
        "dates": dates,
        "policy": f"{data['policy']} {data['policy_version']}, {data['rule']}",
        "why": data["explanation"][language.value],
    }
    if data.get("inquiry_id") != HYPOTHETICAL:
        others = f"{label('open_request', language)} {data.get('inquiry_id')}:"
        rows = {"also": others, **rows}
    table = columns("bold", "")
    for name, value in rows.items():
        if value:
            table.add_row(label(name, language), text(value))
    return table


def _date(written: str | None) -> str | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise DeskError(
            f"--requested-end {written!r} is no date; write it like 2027-01-31."
        ) from None
