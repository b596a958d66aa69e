"""Dead letters on the screen and as JSON: ids, places, reasons and ages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from desk.commands.console import as_json as written
from desk.commands.console import columns, text
from shared.events.operations import (
    DeadLetterDiscarded,
    DeadLetterEdited,
    DeadLetterReplayed,
    LetterHandled,
)
from shared.events.topics import DEAD_LETTERS
from shared.operations.dead_letters.dry_run import types_of
from shared.operations.dead_letters.letter import Letter
from shared.operations.dead_letters.selection import LetterGroup, grouped
from shared.operations.dead_letters.settlement import Settlement
from shared.operations.dead_letters.stop import (
    CorrectionUnderway,
    FailedAgain,
    LetterGone,
    NotReached,
    ReplayedTooOften,
    StillParked,
    StillWaits,
    Stop,
    WouldFail,
)
from shared.operations.local_time import local_time
from shared.operations.parked import Parked
from shared.runtime.codec import dump
from shared.runtime.operations.answers import Foreseen

MINUTE, HOUR, DAY = 60, 3_600, 86_400
WAITING_HINT = "After the fix is deployed: desk dead-letters replay"


def show_groups(groups: Sequence[LetterGroup], out: Console) -> None:
    if not groups:
        out.print("No open dead letters.")
    now, table = datetime.now(UTC), columns("bold", "bold", "")
    for group in groups:
        since = f"oldest {age(group.oldest, now)}, newest {age(group.newest, now)}"
        what = f"{group.service}: {group.error}\n{since}, such as {group.example}"
        table.add_row(str(group.count), group.reason, text(what))
    out.print(table)


def show_letters(letters: Sequence[Letter], out: Console) -> None:
    if not letters:
        out.print("No open dead letters.")
    now = datetime.now(UTC)
    for letter in letters:
        topic, partition, offset = letter.origin
        said = (
            f"{letter.id}  {age(letter.at, now)}  {letter.service}  {letter.reason}"
            f"  {topic}/{partition}/{offset}  {letter.message_id or '(no id)'}"
        )
        out.print(text(said), soft_wrap=True)


def show_parked(waiting: Sequence[Parked], out: Console) -> None:
    for parked in waiting:
        said = (
            f"parked since {local_time(parked.since)}: {parked.name},"
            f" {len(parked.waiting)} messages wait ({parked.error})"
        )
        out.print(text(said, "bold"), soft_wrap=True)
    if waiting:
        out.print(WAITING_HINT)


def show_letter(
    letter: Letter,
    done: Sequence[LetterHandled],
    waiting: Sequence[Parked],
    out: Console,
    *,
    settled: bool,
) -> None:
    """Everything about one letter; its body is printed as it is, or as JSON laid out."""
    topic, partition, offset = letter.origin
    rows = [
        ("letter", str(letter.id)),
        ("given up", f"{local_time(letter.at)} ({age(letter.at, datetime.now(UTC))})"),
        ("by", letter.service),
        ("reason", letter.reason),
        ("error", letter.error),
        ("record", f"{topic}, partition {partition}, offset {offset}"),
        ("message", letter.message_id or "(no id)"),
        *(("waits", _place(letter, parked)) for parked in waiting),
        ("state", "dealt with" if settled else "open"),
        *(("done", f"{local_time(act.at)} {act_text(act)}") for act in done),
        ("key", _shown(letter.key)),
        *((name, _shown(value)) for name, value in letter.original_headers),
    ]
    table = columns("bold", "")
    for name, value in rows:
        table.add_row(text(name), text(value))
    out.print(table)
    out.print()
    out.print(text(_body(letter.value)), soft_wrap=True)


def _place(letter: Letter, parked: Parked) -> str:
    number = parked.waiting.index(letter.message_id) + 1
    return f"as number {number} of {len(parked.waiting)} for {parked.ref.kind} {parked.ref.id}"


def _shown(raw: bytes | None) -> str:
    return "(none)" if raw is None else raw.decode(errors="backslashreplace")


def _body(value: bytes | None) -> str:
    try:
        return written(json.loads(value or b""))
    except (ValueError, RecursionError):
        return _shown(value)


def groups_as_json(letters: Sequence[Letter]) -> list[dict[str, Any]]:
    return [
        asdict(group)
        | {
            "oldest": group.oldest.isoformat(),
            "newest": group.newest.isoformat(),
            "example": str(group.example),
        }
        for group in grouped(letters)
    ]


def letter_as_json(letter: Letter) -> dict[str, Any]:
    return {
        "id": str(letter.id),
        "at": letter.at.isoformat(),
        "service": letter.service,
        "reason": letter.reason,
        "error": letter.error,
        **letter.origin._asdict(),
        "message_id": letter.message_id or None,
    }


def whole_as_json(
    letter: Letter, done: Sequence[LetterHandled], waiting: Sequence[Parked], *, settled: bool
) -> dict[str, Any]:
    return letter_as_json(letter) | {
        "open": not settled,
        "acts": [{"ce_type": act.ce_type, **dump(act)} for act in done],
        "waits": [
            {
                "kind": parked.ref.kind,
                "id": parked.ref.id,
                "place": parked.waiting.index(letter.message_id) + 1,
                "of": len(parked.waiting),
            }
            for parked in waiting
        ],
        "key": None if letter.key is None else _shown(letter.key),
        "headers": [[name, _shown(value)] for name, value in letter.original_headers],
        "value": None if letter.value is None else _shown(letter.value),
    }


def parked_as_json(parked: Parked) -> dict[str, Any]:
    return {
        "service": parked.service,
        "kind": parked.ref.kind,
        "id": parked.ref.id,
        "since": parked.since,
        "error": parked.error,
        "waiting": parked.waiting,
    }


def age(at: datetime, now: datetime) -> str:
    """`3 h ago`; both are timezone-aware."""
    seconds = (now - at).total_seconds()
    units: Mapping[str, int] = {"d": DAY, "h": HOUR, "min": MINUTE}
    for name, length in units.items():
        if seconds >= length:
            return f"{int(seconds // length)} {name} ago"
    return "just now"


ACTS = {
    DeadLetterReplayed: "replayed",
    DeadLetterEdited: "edited",
    DeadLetterDiscarded: "discarded",
}


def act_text(event: LetterHandled) -> str:
    """`replayed by …: why`."""
    why = f": {event.why}" if event.why else ""
    return f"{ACTS.get(type(event), event.ce_type)} by {event.by}{why}"


def settlement_text(settlement: Settlement) -> str:
    """`already replayed by …`."""
    if settlement.act is not None:
        return f"already {act_text(settlement.act)}"
    if settlement.along_with is not None:
        return f"already settled with {settlement.along_with}, a later letter of the same message"
    return "already sent again with another service's letter of the same record"


def foreseen_text(foreseen: Foreseen) -> str:
    if foreseen.fault:
        return f"would fail again: {foreseen.fault}"
    return ", ".join(types_of(foreseen)) or "nothing would happen: ignored, or decided already"


def stop_text(stop: Stop) -> str:
    """Why it went no further, and what to do about it."""
    match stop:
        case LetterGone(message_id):
            return f"its dead letter is gone from {DEAD_LETTERS}: {message_id}"
        case CorrectionUnderway(letter):
            return f"the correction of {letter} is on its way; when it has come, replay again"
        case ReplayedTooOften(_, times):
            return f"it was already replayed {times} times; if the cause is gone, give --force"
        case WouldFail(fault):
            return f"not sent, because it would fail again: {fault}"
        case NotReached(service, within_s):
            return (
                f"not decided in {within_s:g} s, though it was sent; does {service} run?"
                " `desk doctor` says so"
            )
        case StillParked(within_s, error):
            return f"not decided in {within_s:g} s; the defect was {error}"
        case FailedAgain(letter, reason, error):
            return f"it failed again: {reason}: {error} ({letter})"
        case StillWaits(aggregate, within_s):
            return (
                f"it is written down, but still waits for {aggregate.name} after {within_s:g} s;"
                f" does {aggregate.service} run?"
            )


def aggregate_stop_text(stop: Stop) -> str:
    """The same, where it does not go without saying which letter is meant."""
    name = f"{stop.letter}: " if isinstance(stop, ReplayedTooOften) else ""
    return f"{name}{stop_text(stop)}"
