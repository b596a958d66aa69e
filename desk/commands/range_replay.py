"""`desk replay`: what the services would decide about a range of records."""

from __future__ import annotations

import asyncio
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import typer

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import FAILED, DeskError
from desk.commands.instants import instant
from desk.commands.services import services_of
from desk.commands.tail import named_id, record_as_json
from shared.events.field_classes import masked
from shared.events.topics import SERVICES, TOPICS
from shared.kafka.topic_records import Window
from shared.operations.decoded_record import DecodedRecord, shown
from shared.operations.local_time import local_time
from shared.operations.range_replay import (
    RangeOutcome,
    RangeReplay,
    ServiceAnswer,
    deciders_of,
    replay_range,
)
from shared.operations.tail import Wanted
from shared.runtime.operations.answers import ForeseenEvent

STYLES = {
    RangeOutcome.DIFFERS: "bold red",
    RangeOutcome.GIVEN_UP: "red",
    RangeOutcome.UNDECIDED: "bold",
}


def replay(
    *,
    topic: str,
    begin: str,
    end: str | None,
    partition: int | None,
    types: list[str] | None,
    ids: list[str] | None,
    service: str | None,
    most: int,
    within: float,
    as_json: bool,
    where: Where,
) -> None:
    """Show what the services would decide today about a range of records."""
    names = _services(topic, service)
    window = window_of(begin, end, partition)
    wanted = Wanted(tuple(types or ()), frozenset(map(named_id, ids or ())))
    found = asyncio.run(_replayed(where, topic, names, wanted, window, most, within))
    chosen = _chosen(end, types, ids, service)
    further = [
        shlex.join(["desk", "replay", topic, *_begins(it, offset), *chosen])
        for it, offset in sorted(found.rest.items())
    ]
    if as_json:
        print_json(_as_json(found, further))
    else:
        _show(found, further)
    if not found.as_then:
        raise typer.Exit(FAILED)


def window_of(begin: str, end: str | None, partition: int | None) -> Window:
    """Digits are an offset, all else is a time. Raises `DeskError`."""
    return Window(
        since=None if begin.isdecimal() else instant(begin, "--from"),
        until=None if end is None or end.isdecimal() else instant(end, "--to"),
        partition=partition,
        first=int(begin) if begin.isdecimal() else None,
        last=int(end) if end is not None and end.isdecimal() else None,
    )


def _services(topic: str, service: str | None) -> Sequence[str]:
    if topic not in TOPICS:
        raise DeskError(f"the desk has no topic {topic}.\nIt has: {', '.join(TOPICS)}.")
    names = deciders_of(topic)
    if not names:
        raise DeskError(f"no service decides about the records of {topic}.")
    if service is not None and service not in SERVICES:
        raise DeskError(f"the desk has no service {service}; of {topic}: {', '.join(names)}.")
    if service is not None and service not in names:
        raise DeskError(f"{service} does not read {topic}; {', '.join(names)} would decide.")
    return names if service is None else (service,)


async def _replayed(
    where: Where,
    topic: str,
    names: Sequence[str],
    wanted: Wanted,
    window: Window,
    most: int,
    within_s: float,
) -> RangeReplay:
    async with services_of(where, *names) as services:
        return await replay_range(
            topic, where.settings(), services, wanted, window, most=most, within_s=within_s
        )


def _begins(partition: int, offset: int) -> Sequence[str]:
    return "--partition", str(partition), "--from", str(offset)


def _chosen(
    end: str | None, types: list[str] | None, ids: list[str] | None, service: str | None
) -> Sequence[str]:
    """The options with which the rest of the range is chosen, too."""
    given = [("--to", end), *(("--type", it) for it in types or ())]
    given += [*(("--id", it) for it in ids or ()), ("--service", service)]
    return [part for option, value in given if value is not None for part in (option, value)]


def _show(found: RangeReplay, further: Sequence[str]) -> None:
    out, table = console(), columns("dim", "")
    for it in found.records:
        words = text(shown(it.record.type) or "?", "bold")
        words.append_text(text(f"  {_place(it.record)}  {shown(it.record.id)}", "dim"))
        for answer in it.answers:
            style = STYLES.get(answer.outcome, "dim")
            words.append_text(text(f"\n{answer.service}: {_said(answer)}", style))
        table.add_row(local_time(it.record.at), words)
    out.print(table)
    out.print(text(_summary(found)))
    for error in found.silent:
        out.print(text(str(error), "red"))
    if further:
        out.print(text("Not all of the range was tried. Continue with:", "red"))
    for line in further:
        out.print(text(f"  {line}"), soft_wrap=True)


def _said(answer: ServiceAnswer) -> str:
    foreseen = answer.foreseen
    match answer.outcome:
        case RangeOutcome.AS_THEN:
            return f"as then: {_types(foreseen.events) or 'nothing'}"
        case RangeOutcome.DIFFERS:
            return f"differs from then: {'; '.join(answer.differences)}"
        case RangeOutcome.UNDECIDED:
            return f"not decided yet; now: {_types(foreseen.events)}"
        case RangeOutcome.GIVEN_UP:
            return f"would be given up: {foreseen.fault}"
        case RangeOutcome.UNKNOWN:
            return "decided then; too little of the history is kept to decide it again"
        case RangeOutcome.NOTHING:
            return "nothing"


def _summary(found: RangeReplay) -> str:
    told = Counter(answer.outcome for it in found.records for answer in it.answers)
    counts = [
        f"{told[outcome]} {words}"
        for outcome, words in (
            (RangeOutcome.AS_THEN, "as then"),
            (RangeOutcome.DIFFERS, "differ"),
            (RangeOutcome.UNDECIDED, "not decided yet"),
            (RangeOutcome.GIVEN_UP, "would be given up"),
        )
    ]
    answers = ", ".join(counts)
    return f"{len(found.records)} records; answers: {answers}. Nothing was published or stored."


def _types(events: Iterable[ForeseenEvent]) -> str:
    return ", ".join(event.type for event in events)


def _place(record: DecodedRecord) -> str:
    topic, partition, offset = record.place
    return f"{topic} {partition}-{offset}"


def _as_json(found: RangeReplay, further: Sequence[str]) -> dict[str, Any]:
    return {
        "complete": not found.rest,
        "further": [*further],
        "silent": [*map(str, found.silent)],
        "records": [
            record_as_json(it.record) | {"services": [*map(_answer_as_json, it.answers)]}
            for it in found.records
        ],
    }


def _answer_as_json(answer: ServiceAnswer) -> dict[str, Any]:
    then = answer.foreseen.then
    return {
        "service": answer.service,
        "outcome": answer.outcome.value,
        "fault": answer.foreseen.fault,
        "differences": [*answer.differences],
        "events": [*map(_event_as_json, answer.foreseen.events)],
        "then": None
        if then is None
        else {
            "at": then.at.isoformat(),
            "topic": then.topic,
            "partition": then.partition,
            "offset": then.offset,
            "events": [*map(_event_as_json, then.events)],
        },
    }


def _event_as_json(event: ForeseenEvent) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "id": shown(event.id),
        "type": event.type,
        "public": event.public,
        "data": masked(event.type, event.data),
    }
