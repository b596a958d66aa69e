"""`desk inquiry`: what happened to a request, in plain words, from the services' own records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.event_text import consequence, label, said, word
from desk.commands.services import services_of
from shared.events.topics import CANCELLATION, INTAKE
from shared.events.values import Language
from shared.field_wording import FieldWording
from shared.operations.cases import Case, Moment, read_case
from shared.operations.local_time import local_time


def inquiry(
    *,
    words: list[str],
    language: Language,
    as_json: bool,
    where: Where,
) -> None:
    """Tell what happened to a request, step by step."""
    named = " ".join(words)  # read out on the phone, a reference is typed with spaces
    case = asyncio.run(_read(where, named))
    if as_json:
        print_json(_as_json(case, language))
    else:
        show(case, language, console())


async def _read(where: Where, named: str) -> Case:
    async with services_of(where, INTAKE, CANCELLATION) as services:
        return await read_case(named, services[INTAKE], services[CANCELLATION])


def show(case: Case, language: Language, out: Console) -> None:
    """Who and what first, then the timeline."""
    state, opened = case.state, case.opened
    head = columns("bold", "")
    contact = opened.get("contact", {})
    facts = {
        "reference": opened.get("reference"),
        "id": case.record.id,
        "status": word("status", state.get("status", label("unknown", language)), language),
        "customer": state.get("customer_id"),
        "kind": word("kind", opened.get("kind", ""), language),
        "subject": opened.get("subject"),
        "queue": word("queue", state.get("queue") or "", language),
        "contact": " · ".join(str(value) for value in contact.values()),
        "contracts": ", ".join(opened.get("contract_numbers", ())),
        "continues": state.get("follows"),
    }
    for name, value in facts.items():
        if value:
            head.add_row(label(name, language), text(str(value)))
    for name, value in _further_details(opened, language):
        head.add_row(f"  {name}", text(value))
    out.print(head)
    out.print()
    out.print(timeline(case.moments, language))


def _further_details(opened: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    """The submitted fields that are not told above, as the customer's mail words them."""
    wording = FieldWording(language)
    for detail in opened.get("details", ()):
        field, value = str(detail["field"]), str(detail["value"])
        if field == "received_at":
            yield wording.label(field), local_time(datetime.fromisoformat(value))
        elif not field.startswith(("contact", "contract_number", "subject")):
            yield wording.label(field), wording.value(field, value)


def timeline(moments: Sequence[Moment], language: Language) -> Any:
    """One row per moment that people ask about: Madrid time, then what happened and why."""
    table = columns("dim", "")
    for moment in moments:
        found = said(moment.ce_type, moment.data, language)
        if found is None:
            continue
        words = text(found.what, "bold")
        for line in (consequence(moment.ce_type, moment.data, language), found.words):
            if line:
                words.append_text(text(f"\n{line}"))
        if "rule" in moment.data:
            words.append_text(text(f"\n{_because(moment.data, language)}", "dim"))
        table.add_row(local_time(moment.at), words)
    return table


def _because(data: Mapping[str, Any], language: Language) -> str:
    policy = f"{label('policy', language)} {data['policy']} {data['policy_version']}"
    return f"{policy}, {label('rule', language)} {data['rule']}"


def _as_json(case: Case, language: Language) -> dict[str, Any]:
    return {
        "inquiry_id": case.record.id,
        "state": case.state,
        "timeline": [_moment_as_json(moment, language) for moment in case.moments],
    }


def _moment_as_json(moment: Moment, language: Language) -> dict[str, Any]:
    found = said(moment.ce_type, moment.data, language)
    return {
        "at": moment.at.isoformat(),
        "service": moment.service,
        "type": moment.ce_type,
        "what": found.what if found else None,
        "words": found.words if found else None,
        "data": moment.data,
    }
