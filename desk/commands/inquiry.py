"""`desk inquiry`: what happened to a request, in plain words, from the services' own records."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from desk.commands.addresses import Where
from desk.commands.console import columns, console, print_json, text
from desk.commands.errors import DeskError
from desk.commands.services import services_of
from shared.events.topics import ARCHIVE, CANCELLATION, INTAKE
from shared.events.values import Language
from shared.field_wording import FieldWording
from shared.operations.attachments import NamedAttachment, attachments_of, bytes_of
from shared.operations.cases import Case, Moment, read_case
from shared.operations.event_text import consequence, label, said, word
from shared.operations.local_time import local_time

OWNER_ALONE = 0o600


def inquiry(
    *,
    words: list[str],
    save_attachment: tuple[str, Path] | None,
    language: Language,
    as_json: bool,
    where: Where,
) -> None:
    """Tell what happened to a request, step by step, and what is attached to it."""
    named = " ".join(words)  # read out on the phone, a reference is typed with spaces
    if save_attachment is not None:
        asyncio.run(_save(where, named, *save_attachment, as_json=as_json))
        return
    case, attachments = asyncio.run(_read(where, named))
    if as_json:
        print_json(_as_json(case, attachments, language))
    else:
        show(case, attachments, language, console())


async def _read(where: Where, named: str) -> tuple[Case, list[NamedAttachment]]:
    async with services_of(where, INTAKE, CANCELLATION) as services:
        case = await read_case(named, services[INTAKE], services[CANCELLATION])
        return case, await attachments_of(case, services[INTAKE])


async def _save(where: Where, named: str, document_id: str, path: Path, *, as_json: bool) -> None:
    """Nothing that a sender wrote names the file."""
    async with services_of(where, INTAKE, CANCELLATION, ARCHIVE) as services:
        case = await read_case(named, services[INTAKE], services[CANCELLATION])
        attachments = await attachments_of(case, services[INTAKE])
        content = await bytes_of(case, attachments, document_id, services[ARCHIVE])
    _write_new(path, content)
    sha256 = hashlib.sha256(content).hexdigest()
    if as_json:
        saved = {"document_id": document_id, "file": str(path), "size": len(content)}
        print_json(saved | {"sha256": sha256})
    else:
        console().print(text(f"Saved {path}: {len(content)} bytes, SHA-256 {sha256}"))


def _write_new(path: Path, content: bytes) -> None:
    """Follows no link, replaces nothing, and leaves no half of it behind."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ALONE)
    except FileExistsError:
        raise DeskError(f"{path} is there already; name a new file.") from None
    except OSError as error:
        raise DeskError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(file, "wb") as out:
            out.write(content)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise DeskError(f"{path} cannot be written: {error.strerror}.") from None


def show(
    case: Case, attachments: Sequence[NamedAttachment], language: Language, out: Console
) -> None:
    """Who and what first, then what is attached, then the timeline."""
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
    if attachments:
        out.print(text(label("attachments", language), "bold"))
        out.print(_attached(attachments, language))
        out.print()
    out.print(timeline(case.moments, language))


def _attached(attachments: Sequence[NamedAttachment], language: Language) -> Any:
    """Each with its id, where it stands, and what its sender called it, on one line."""
    table = columns("dim", "", "")
    for it in attachments:
        standing = word("attachment", it.standing or "unknown", language)
        about = (it.file_name, it.media_type, _bytes(it.size), it.sha256)
        told = " · ".join(" ".join(str(part).split()) for part in about if part)
        why = f" ({it.cause})" if it.cause else ""
        table.add_row(text(it.document_id), text(standing + why), text(told))
    return table


def _bytes(size: int | None) -> str | None:
    return None if size is None else f"{size} bytes"


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


def _as_json(
    case: Case, attachments: Sequence[NamedAttachment], language: Language
) -> dict[str, Any]:
    return {
        "inquiry_id": case.record.id,
        "state": case.state,
        "attachments": [asdict(it) for it in attachments],
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
