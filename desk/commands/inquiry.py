"""`desk inquiry`: what happened to a request, in plain words, from the services' own records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from desk.commands.addresses import Where, find
from desk.commands.console import columns, console, print_json, text
from desk.commands.event_text import consequence, label, said, word
from desk.commands.services import services_of
from shared.events.topics import CANCELLATION, INTAKE
from shared.events.values import Language
from shared.field_wording import FieldWording
from shared.operations.inquiries import inquiry_named
from shared.operations.local_time import local_time
from shared.operations.service_client import ServiceClient
from shared.runtime.operations.answers import Entry, History, RecordedEvent

FILE = "file"
OPENED = "inquiry.opened.v1"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, and who recorded it; `at` is aware."""

    at: datetime
    service: str
    ce_type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Life:
    """An inquiry: where it stands, and everything that happened, oldest first."""

    record: History
    moments: Sequence[Moment]

    @property
    def state(self) -> Mapping[str, Any]:
        """As stored; empty where messages came but nothing happened."""
        return self.record.state or {}

    @property
    def opened(self) -> Mapping[str, Any]:
        """The data of its opening; empty for a submission that opened none."""
        return next((m.data for m in self.moments if m.ce_type == OPENED), {})


def inquiry(
    *,
    words: list[str],
    language: Language,
    as_json: bool,
    directory: Path,
    mongo: str | None,
) -> None:
    """Tell what happened to a request, step by step."""
    named = " ".join(words)  # read out on the phone, a reference is typed with spaces
    life = asyncio.run(_read(find(directory, mongo=mongo), named))
    if as_json:
        print_json(_as_json(life, language))
    else:
        show(life, language, console())


async def _read(where: Where, named: str) -> Life:
    async with services_of(where, INTAKE, CANCELLATION) as services:
        record = await inquiry_named(services[INTAKE], named)
        moments = list(_moments(record))
        for number in Life(record, moments).opened.get("contract_numbers", ()):
            moments += await _decisions(services[CANCELLATION], number, record.id)
    moments.sort(key=lambda moment: moment.at)
    return Life(record, moments)


async def _decisions(cancellation: ServiceClient, number: str, inquiry_id: str) -> list[Moment]:
    """What the contract's cancellation file holds about this inquiry."""
    file = await cancellation.history(FILE, number)
    return [
        moment
        for moment in (_moments(file) if file else ())
        if inquiry_id in (moment.data.get("inquiry_id"), moment.data.get("answers_inquiry_id"))
    ]


def _moments(record: History) -> Iterator[Moment]:
    for entry in record.entries:
        for event in entry.events:
            if not _retold(entry, event):
                yield Moment(entry.at, record.service, event.type, event.data)


def _retold(entry: Entry, event: RecordedEvent) -> bool:
    """Intake's progress repeats the decision that the cancellation file tells with its dates."""
    return entry.topic == "desk.cancellations" and event.type == "inquiry.progressed.v1"


def show(life: Life, language: Language, out: Console) -> None:
    """Who and what first, then the timeline."""
    state, opened = life.state, life.opened
    head = columns("bold", "")
    contact = opened.get("contact", {})
    facts = {
        "reference": opened.get("reference"),
        "id": life.record.id,
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
    out.print(timeline(life.moments, language))


def _further_details(opened: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    """What was submitted and is not told above, as the customer's mail says it."""
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


def _as_json(life: Life, language: Language) -> dict[str, Any]:
    return {
        "inquiry_id": life.record.id,
        "state": life.state,
        "timeline": [_moment_as_json(moment, language) for moment in life.moments],
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
