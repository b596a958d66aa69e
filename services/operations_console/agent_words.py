"""Agents' records, acts and answers in words, without anybody's data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.desk_hours.calendar import DeskCalendar
from shared.events.agents import AgentActionRefused
from shared.events.field_classes import masked
from shared.events.values import Language
from shared.operations.event_text import consequence, fault_lines, said
from shared.runtime.operations.answers import Foreseen, HistoryEntry, PreviewedEvent


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to a record, or would; `words` may be empty."""

    what: str
    words: str = ""
    at: datetime | None = None
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Countdown:
    """Staffed time until an answer is due, or since then (F7)."""

    time: str
    late: bool


def countdown(calendar: DeskCalendar, now: datetime, due: datetime) -> Countdown:
    late = due < now
    left = calendar.staffed_between(due, now) if late else calendar.staffed_between(now, due)
    return Countdown(_hours(left), late)


def happened(entries: Iterable[HistoryEntry], language: Language) -> list[Happened]:
    """Words the noteworthy events of a history, oldest first."""
    found = []
    for entry in entries:
        for event in entry.events:
            told = _told(event.type, masked(event.type, event.data), language, entry.at)
            if told is not None:
                found.append(told)
    return found


def came_of(events: Sequence[tuple[str, Mapping[str, Any]]], language: Language) -> list[Happened]:
    """Words the answer of the record's owner to an act."""
    told = (_told(it, masked(it, data), language) for it, data in events)
    return [it for it in told if it is not None]


def foreseen_words(foreseen: Foreseen, language: Language) -> list[Happened]:
    """Words the foreseen events of an act, with the sentence that the customer would read."""
    if foreseen.fault:
        return [Happened(foreseen.fault, bad=True)]
    found = []
    for event in foreseen.events:
        # The sentence holds what the agent has written on this very page, and nobody's data else.
        sentence = {"explanation": event.data["explanation"]} if "explanation" in event.data else {}
        told = _told(event.type, masked(event.type, event.data) | sentence, language)
        if event.public and told is not None:
            found.append(told)
    return found


def previewed_words(events: Iterable[PreviewedEvent], language: Language) -> list[Happened]:
    """Words the events that a request would have today."""
    told = (_told(it.ce_type, masked(it.ce_type, it.data), language) for it in events)
    return [it for it in told if it is not None]


def _told(
    ce_type: str, data: Mapping[str, Any], language: Language, at: datetime | None = None
) -> Happened | None:
    if ce_type == AgentActionRefused.ce_type:
        return Happened(fault_lines(data.get("errors"), language), at=at, bad=True)
    found = said(ce_type, data, language)
    if found is None:
        return None
    words = (consequence(ce_type, data, language), found.words)
    return Happened(found.what, "\n".join(filter(None, words)), at)


def _hours(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
