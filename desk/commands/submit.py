"""`desk submit`: what a front-end channel does, from the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from desk.arguments.submission_fields import KINDS, now
from desk.commands.addresses import Where
from desk.commands.errors import DeskError
from desk.commands.event_file import (
    SUBMISSIONS,
    Outgoing,
    channel_source,
    checked,
    load,
    parse,
    suggestion,
)
from desk.commands.follow import Asked, submit_all
from desk.commands.references import with_ids
from shared.events.choices import Channel, Language


def from_file(
    *,
    file: str,
    wait: float | None,
    mail: bool,
    unchecked: bool,
    language: Language,
    as_json: bool,
    where: Where,
) -> None:
    """Submit what a file or standard input holds."""
    if file != "-" and not Path(file).exists() and "." not in file and "/" not in file:
        raise DeskError(
            f"{file!r} is no file and no kind of submission; {suggestion(file, list(KINDS))}"
        )
    name = "standard input" if file == "-" else Path(file).name
    outgoing = parse(load(file), name, topic=SUBMISSIONS, unchecked=unchecked)
    folder = where.mail_folder if mail else None
    asked = Asked(wait, language, as_json, folder)
    submit_all(where.settings(), with_ids(where, outgoing), asked)


def one(
    *,
    ce_type: str,
    own: Mapping[str, Any],
    customer: str,
    channel: Channel,
    received_at: str | None,
    ce_id: str | None,
    language: Language | None,
    wait: float | None,
    mail: bool,
    unchecked: bool,
    as_json: bool,
    where: Where,
) -> None:
    """Submit what the options say."""
    given = {
        "customer_id": customer,
        "channel": channel.value,
        "received_at": received_at or now(),
        "language": language and language.value,
        **own,
    }
    data = {name: value for name, value in given.items() if value is not None}
    outgoing = Outgoing(ce_type, ce_id or str(uuid4()), channel_source(data), data)
    if not unchecked:
        checked([outgoing], "the request")
    folder = where.mail_folder if mail else None
    asked = Asked(wait, language or Language.EN, as_json, folder)
    submit_all(where.settings(), with_ids(where, [outgoing]), asked)
