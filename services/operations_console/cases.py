"""Looks for a case in the index and with the services, and puts it into lines to show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.operations_console.settings import Settings
from shared.events.field_classes import masked
from shared.events.values import Language
from shared.kafka.records import RecordPosition
from shared.operations.case_index import CaseIndex
from shared.operations.case_timeline import CaseTimeline, indexed_timeline, read_timeline
from shared.operations.decoded_record import shown
from shared.operations.durations import duration
from shared.operations.event_text import consequence, label, said, word
from shared.operations.service_client import ServiceClient, services_at
from shared.operations.timeline import Step, Told
from shared.runtime.operations.answers import History

MOST_ON_A_PAGE = 200
"""Steps of one page: a long case has several."""
MOST_VALUES, MOST_CHARACTERS = 200, 2_000
"""Limits of one step among others: a record's own page shows more of it."""
LONGEST_JSON = 200_000
"""Limit of one record on its own page; nesting alone makes megabytes of a record's 256 KiB."""


class Cases:
    """Finds cases in the index; on the topics as they stand only if asked, a few at a time."""

    def __init__(self, settings: Settings, index: CaseIndex) -> None:
        self._settings = settings
        self._index = index
        self._places = asyncio.Semaphore(settings.cases_at_once)

    async def find(self, named: str) -> CaseTimeline:
        """The case of any id. Raises `NoSuchCase`, `Outage`."""
        async with self._services() as services:
            return await indexed_timeline(named, self._index, services)

    async def find_on_topics(self, named: str) -> CaseTimeline:
        """The same, read from the topics. Raises `NoSuchCase`, `MissingTopics`, `Outage`."""
        within_s = self._settings.case_seconds
        async with self._places, self._services() as services:
            return await read_timeline(named, self._settings, services, within_s=within_s)

    def _services(self) -> AbstractAsyncContextManager[Mapping[str, ServiceClient]]:
        settings = self._settings
        urls, credential = settings.service_urls, settings.internal_credential
        return services_at(urls, credential.get_secret_value(), urls)


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step as it is shown, without anybody's data. `fault` says what went wrong with it."""

    at: datetime
    pause: str
    what: str
    words: str
    after: str
    origin: str
    place: RecordPosition | None
    rule: str
    fault: str
    letter: str
    data: str
    whole: bool = True
    """Whether `data` is all of it."""


def lines(steps: Sequence[Told], language: Language) -> list[ShownStep]:
    return [_line(told, language) for told in steps]


def standing(record: History, language: Language) -> str:
    """Where a service's record stands: its id, and its state in words."""
    status = (record.state or {}).get("status")
    words = word("status", status, language) if isinstance(status, str) else ""
    return " · ".join(filter(None, (record.id, words)))


def _line(told: Told, language: Language) -> ShownStep:
    step = told.step
    beginning, whole = beginning_of(step.data)
    facts = masked(step.type, beginning)
    found = said(step.type, facts, language)
    dates = consequence(step.type, facts, language)
    after = f"+{duration(told.after_cause_s, language)}" if told.after_cause_s else ""
    pause = f"{duration(told.pause_s, language)} {label('later', language)}" if told.waited else ""
    return ShownStep(
        at=step.at,
        pause=pause,
        what=_what(step, found.what if found else "", language),
        words="\n".join(filter(None, (dates, found.words if found else ""))),
        after=after,
        origin=_origin(step),
        place=step.place,
        rule=_rule(facts, language),
        fault=_fault(step, language),
        letter=step.dead.letter if step.dead else "",
        data=json_of(facts)[0] if facts else "",
        whole=whole,
    )


def beginning_of(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """As much of a record's data as stands among other records, and whether that is all."""
    left, whole = MOST_VALUES, True

    def cut(value: Any) -> Any:
        nonlocal left, whole
        left -= 1
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            whole = False
            return f"{value[:MOST_CHARACTERS]}…"
        if isinstance(value, Mapping):
            return dict(some((name, it) for name, it in value.items()))
        if isinstance(value, list | tuple):
            return [it for _, it in some(("", it) for it in value)]
        return value

    def some(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        nonlocal whole
        for name, it in items:
            if left <= 0:
                whole = False
                return
            yield name, cut(it)

    return cut(data), whole


def json_of(data: Mapping[str, Any]) -> tuple[str, bool]:
    """The data as indented JSON, up to `LONGEST_JSON` characters, and whether that is all."""
    parts, length = [], 0
    for part in json.JSONEncoder(ensure_ascii=False, indent=1, default=str).iterencode(data):
        parts.append(part)
        length += len(part)
        if length > LONGEST_JSON:
            return "".join(parts)[:LONGEST_JSON], False
    return "".join(parts), True


def _what(step: Step, headline: str, language: Language) -> str:
    if step.dead is not None:
        return f"{label('given_up', language)}: {shown(step.type)}"
    return headline or shown(step.type) or "?"


def _origin(step: Step) -> str:
    if step.place is None:
        return step.service
    return f"{step.place.topic} {step.place.partition}-{step.place.offset}"


def _rule(facts: dict[str, object], language: Language) -> str:
    if "rule" not in facts:
        return ""
    policy = f"{label('policy', language)} {facts.get('policy')} {facts.get('policy_version')}"
    return f"{policy}, {label('rule', language)} {facts['rule']}"


def _fault(step: Step, language: Language) -> str:
    if step.dead is not None:
        return f"{step.dead.service}: {step.dead.reason}: {step.dead.error}"
    return f"{label('undecodable', language)}: {step.fault}" if step.fault else ""
