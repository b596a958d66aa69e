"""`desk tail`: records as they come, decoded and masked."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from typing import Any

from desk.commands.addresses import Where
from desk.commands.console import as_json_line, columns, console, text
from desk.commands.errors import DeskError
from desk.commands.instants import instant
from shared.events.reference import parse_reference
from shared.events.topics import TOPICS
from shared.kafka.topic_records import Window
from shared.operations.decoded_record import DecodedRecord, shown
from shared.operations.local_time import local_time
from shared.operations.tail import Wanted
from shared.operations.tail import tail as records_of


def tail(
    *,
    topics: list[str] | None,
    types: list[str] | None,
    ids: list[str] | None,
    since: str | None,
    partition: int | None,
    offset: int | None,
    follow: bool,
    most: int | None,
    as_json: bool,
    where: Where,
) -> None:
    """Show records as they come, decoded."""
    names = topics or []
    if unknown := [name for name in names if name not in TOPICS]:
        raise DeskError(
            f"the desk has no topic {', '.join(unknown)}.\nIt has: {', '.join(TOPICS)}."
        )
    if offset is not None and len(names) != 1:
        raise DeskError("--offset is an offset of one topic: name that one.")
    begins = instant(since, "--since")
    from_there = begins is not None or offset is not None
    if from_there or partition is not None:
        window = Window(since=begins, partition=partition, first=offset)
    else:
        window = None
    if partition is not None and not from_there:
        raise DeskError("--partition goes with --since or --offset.")
    wanted = Wanted(tuple(types or ()), frozenset(map(named_id, ids or ())))
    ending = from_there and not follow
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_show(where, names, wanted, window, ending, most, as_json=as_json))


async def _show(
    where: Where,
    topics: list[str],
    wanted: Wanted,
    window: Window | None,
    ending: bool,
    most: int | None,
    *,
    as_json: bool,
) -> None:
    told = 0
    records = records_of(where.settings(), topics, wanted, window=window, ending=ending)
    async with aclosing(records) as coming:
        async for record in coming:
            if as_json:
                print(as_json_line(record_as_json(record)), flush=True)
            else:
                _print(record)
            told += 1
            if told == most:
                return


def _print(record: DecodedRecord) -> None:
    table = columns("dim", "")
    words = text(shown(record.type) or "?", "bold")
    words.append_text(text(f"  {_place(record)}  {shown(record.id)}", "dim"))
    if record.dead is not None:
        dead = record.dead
        words.append_text(text(f"\n{dead.reason} in {dead.service}: {dead.error}", "red"))
    if record.fault:
        words.append_text(text(f"\ncannot be decoded: {record.fault}", "red"))
    if record.data:
        words.append_text(text(f"\n{as_json_line(record.shown_data())}"))
    table.add_row(local_time(record.at), words)
    console().print(table)


def record_as_json(record: DecodedRecord) -> dict[str, Any]:
    """The record for scripts, masked."""
    return {
        "topic": record.place.topic,
        "partition": record.place.partition,
        "offset": record.place.offset,
        "at": record.at.isoformat(),
        "key": shown(record.key),
        "type": shown(record.type),
        "id": shown(record.id),
        "source": shown(record.source),
        "correlation_id": shown(record.correlation_id) or None,
        "causation_id": shown(record.causation_id) or None,
        "bytes": record.bytes,
        "fault": record.fault or None,
        "dead": None
        if record.dead is None
        else {
            "letter": record.dead.letter,
            "service": record.dead.service,
            "reason": record.dead.reason,
            "error": record.dead.error,
        },
        "data": record.shown_data(),
    }


def _place(record: DecodedRecord) -> str:
    topic, partition, offset = record.place
    return f"{topic} {partition}-{offset}"


def named_id(written: str) -> str:
    """A reference may be typed as it is read out."""
    return parse_reference(written) or written.strip()
