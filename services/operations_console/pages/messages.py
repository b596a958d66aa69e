"""The topics, the messages of one, and one record, whose hidden fields may be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from limits import RateLimitItem, RateLimitItemPerMinute
from starlette.responses import Response

from services.operations_console.cases import ShownStep, json_of, lines
from services.operations_console.console import Console
from services.operations_console.pages.cases import AN_ADDRESS, LONGEST_ID
from services.operations_console.pages.offsets import named_offsets, written_offsets
from shared.events.field_classes import is_fact
from shared.events.operations import RecordUnmasked
from shared.events.reference import parse_reference
from shared.events.text import is_blank
from shared.events.topics import EVENT_TYPES, TOPICS
from shared.kafka.records import RecordPosition
from shared.kafka.topic_records import Window
from shared.operations.case_index import place_name
from shared.operations.decoded_record import DecodedRecord, shown
from shared.operations.durations import duration
from shared.operations.errors import MissingTopics
from shared.operations.flow import Flow, ServiceLag
from shared.operations.local_time import MADRID
from shared.operations.tail import Wanted
from shared.operations.timeline import Told, step_of
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.live import Part, live
from shared.web.pages import NotAllowed, NotFound, Visit
from shared.web.sessions import Operator, Role

LOOKS_OF_ONE: RateLimitItem = RateLimitItemPerMinute(60)
UNMASKED_BY_ONE: RateLimitItem = RateLimitItemPerMinute(10)
"""Whoever needs more is collecting."""
LONGEST_REASON = 500
MOST_PARTITION, MOST_OFFSET = 10**6, 10**15
RENDERED_EVERY_S = 0.5
NO_TIME = N_("Write a time like 2026-11-27T09:30")
NO_NUMBER = N_("Write a number")
NO_PARTITION = N_("An offset is one of a partition: write its number, too")
NO_REASON = N_("Say in a few words why, without personal data")
LONG_REASON = N_("Say it in at most 500 characters")
ALL = N_("All")
AFTER = "after"
FIELDS = ("type", "id", "since", "partition", "offset")


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic as it is shown: what it holds, its rate, and who is behind on it."""

    name: str
    records: int
    per_second: float
    behind: Sequence[tuple[str, int, str]]


async def topics(console: Console, visit: Visit, _operator: Operator) -> Response:
    """Every topic with its rate, and the lag of those who read it."""
    seen = await console.overview.seen()
    rows = None if seen.flow is None else _rows(seen.flow, visit)
    return visit.show("topics.html", at=seen.at, rows=rows)


def _rows(flow: Flow, visit: Visit) -> list[TopicRow]:
    return [
        TopicRow(
            it.topic,
            it.records,
            it.per_second,
            [_behind(lag, visit) for lag in flow.lags if lag.topic == it.topic and lag.records],
        )
        for it in flow.topics
    ]


def _behind(lag: ServiceLag, visit: Visit) -> tuple[str, int, str]:
    age = "" if lag.seconds is None else duration(lag.seconds, visit.language)
    return lag.service, lag.records, age


async def messages(console: Console, visit: Visit, operator: Operator) -> Response:
    """The newest records of a topic, or those from a time or an offset; chosen by type and id."""
    topic = _topic(visit)
    form = Form({name: visit.asked(name).strip()[:LONGEST_ID] for name in FIELDS})
    after = named_offsets(visit.asked(AFTER))
    wanted, window = _wanted(form), _window(topic, form, after)
    if form.faults:
        return _shown(visit, topic, form, status=422)
    await console.limits.spend(LOOKS_OF_ONE, "messages", operator.name)
    try:
        if window is None:
            found = await console.records.newest(topic, wanted)
        else:
            found = await console.records.since(topic, wanted, window)
    except MissingTopics:
        raise NotFound from None
    return _shown(
        visit,
        topic,
        form,
        lines=_lines(found.records, visit),
        complete=found.complete,
        later=_later_address(visit, topic, form, after | found.after) if found.more else "",
        live=_live_address(visit, topic, form) if window is None else "",
    )


def _shown(visit: Visit, topic: str, form: Form, status: int = 200, **more: Any) -> Response:
    names = sorted(it.ce_type for it in TOPICS[topic].events)
    types = [("", visit.translate(ALL)), *((it, it) for it in names)]
    several: dict[str, Any] = {"lines": None, "complete": True, "later": "", "live": ""}
    return visit.show(
        "messages.html", status, topic=topic, form=form, types=types, **several | more
    )


async def messages_live(console: Console, visit: Visit, _operator: Operator) -> Response:
    """The newest records as they come."""
    topic = _topic(visit)
    form = Form({name: visit.asked(name).strip()[:LONGEST_ID] for name in FIELDS[:2]})
    coming = console.records.tail(topic, _wanted(form))

    async def part() -> Part:
        await asyncio.sleep(RENDERED_EVERY_S)  # many come together
        return Part(visit.html("parts/messages.html", lines=_lines(coming.shown, visit)), False)

    return live(coming, (), part, visit.viewer, visit.site.streams, visit.site.stopping)


def _live_address(visit: Visit, topic: str, form: Form) -> str:
    query = urlencode({name: form[name] for name in FIELDS[:2] if form[name]})
    return visit.url("messages_live", topic=topic) + (f"?{query}" if query else "")


def _topic(visit: Visit) -> str:
    topic = visit.parameter("topic")
    if topic not in TOPICS:
        raise NotFound
    return topic


def _wanted(form: Form) -> Wanted:
    named = form["id"]
    if "@" in named:
        form.add("id", AN_ADDRESS)
    ids = frozenset({named, parse_reference(named) or named}) if named else frozenset[str]()
    types = (form["type"],) if form["type"] else ()
    return Wanted(types, ids)


def _later_address(visit: Visit, topic: str, form: Form, after: Mapping[int, int]) -> str:
    """The page that continues in each partition where this one ends."""
    query = {name: form[name] for name in FIELDS if form[name]}
    query[AFTER] = written_offsets(after)
    return f"{visit.url('messages', topic=topic)}?{urlencode(query)}"


def _window(topic: str, form: Form, after: Mapping[int, int]) -> Window | None:
    """From where on; None for the newest."""
    since, partition, offset = form["since"], form["partition"], form["offset"]
    if not (since or partition or offset):
        return None
    if offset and not partition:
        form.add("partition", NO_PARTITION)
    return Window(
        since=_instant(form) if since else None,
        partition=_number(form, "partition", MOST_PARTITION) if partition else None,
        first=_number(form, "offset", MOST_OFFSET) if offset else None,
        done={(topic, partition): offset for partition, offset in after.items()},
    )


def _instant(form: Form) -> datetime | None:
    try:
        found = datetime.fromisoformat(form["since"])
        found = found if found.tzinfo else found.replace(tzinfo=MADRID)
        if found.timestamp() >= 0:
            return found
    except (ValueError, OverflowError):
        pass
    form.add("since", NO_TIME)
    return None


def _number(form: Form, name: str, most: int) -> int | None:
    written = form[name]
    if written.isascii() and written.isdigit() and len(written) < 17 and int(written) <= most:
        return int(written)
    form.add(name, NO_NUMBER)
    return None


def _lines(records: Sequence[DecodedRecord], visit: Visit) -> list[ShownStep]:
    return lines([Told(step_of(it), 0.0, None) for it in records], visit.language)


# One record


async def record(console: Console, visit: Visit, operator: Operator) -> Response:
    """One record, masked; with a reason, and once that is written down, all of it."""
    place = _place(visit)
    if visit.posted and not operator.may(Role.AGENT):
        raise NotAllowed
    form = given(await visit.form()) if visit.posted else Form()
    if visit.posted:
        _judge_reason(form)
    await console.limits.spend(LOOKS_OF_ONE, "messages", operator.name)
    try:
        found = await console.records.at(place)
    except MissingTopics:
        raise NotFound from None
    if found is None:
        return visit.show("record_gone.html", 404, place=place)
    if not visit.posted or form.faults:
        return _record(visit, found, form, operator, 422 if form.faults else 200)
    await console.limits.spend(UNMASKED_BY_ONE, "unmask", operator.name)
    await _write(console, visit, found, form, operator)
    return _record(visit, found, form, operator, whole=True)


async def _write(
    console: Console, visit: Visit, found: DecodedRecord, form: Form, operator: Operator
) -> None:
    """Before anything is shown. Raises `Outage`: then nothing is."""
    names = f"{shown(found.source)} {shown(found.id)}"  # a stranger may have written them
    message_id = names if found.source and found.id else None
    act = RecordUnmasked(
        thing=place_name(found.place),
        by=operator.name,
        at=console.now(),
        why=form["why"].strip(),
        topic=found.place.topic,
        partition=found.place.partition,
        offset=found.place.offset,
        message_id=message_id,
    )
    await console.acts.write(act, f"{visit.submission_id(await visit.form())} {act.thing}")


def _judge_reason(form: Form) -> None:
    if is_blank(form["why"]):
        form.add("why", NO_REASON)
    elif len(form["why"]) > LONGEST_REASON:
        form.add("why", LONG_REASON)


def _record(
    visit: Visit,
    found: DecodedRecord,
    form: Form,
    operator: Operator,
    status: int = 200,
    *,
    whole: bool = False,
) -> Response:
    data = found.data if whole else found.shown_data()
    attributes = {
        "ce_type": found.type,
        "ce_id": found.id,
        "ce_source": found.source,
        "ce_correlationid": found.correlation_id,
        "ce_causationid": found.causation_id,
        "key": found.key,
    }
    [line] = _lines([found], visit)
    written, complete = json_of(data)
    return visit.show(
        "record.html",
        status,
        line=line,
        found=found,
        form=form,
        whole=whole,
        may_ask=not whole and bool(found.data) and operator.may(Role.AGENT),
        attributes={name: it if whole else shown(it) for name, it in attributes.items() if it},
        data=written if found.data else "",
        complete=complete,
        is_fact=is_fact,
        known=found.type in EVENT_TYPES,
    )


def _place(visit: Visit) -> RecordPosition:
    """Raises `NotFound` for what is no place."""
    topic = _topic(visit)
    form = Form()
    form.values["partition"], _, form.values["offset"] = visit.parameter("place").partition("-")
    partition, offset = (
        _number(form, "partition", MOST_PARTITION),
        _number(form, "offset", MOST_OFFSET),
    )
    if partition is None or offset is None:
        raise NotFound
    return RecordPosition(topic, partition, offset)
