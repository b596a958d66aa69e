"""The checks of `desk doctor`, and what to do about what they find."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from desk.commands.addresses import Where
from desk.commands.errors import DeskError
from desk.commands.services import services_of
from desk.local.ports import HOST
from desk.local.supervisor import PORTS_FILE, health_url
from shared.events.topics import CONSOLE, PORTAL, SERVICES
from shared.operations.checks.database import database_checks
from shared.operations.checks.kafka import kafka_checks
from shared.operations.checks.mail import mail_check
from shared.operations.checks.records import record_checks
from shared.operations.checks.result import Check, Remedy, warn
from shared.operations.checks.service import service_check

LAST_BYTES = 64 * 1024
MOST_SAID = 300
"""Characters: a screen's few lines; the log has the rest."""
_ALIGN = "desk topics align --apply"
ADVICE = {
    Remedy.REACH_BROKER: "start it (`desk up`), or set KAFKA_BOOTSTRAP_SERVERS right",
    Remedy.GRANT_ON_BROKER: (
        "give the user in KAFKA_USERNAME that right; `desk acl kafka` says which"
    ),
    Remedy.START_SERVICES: "start the services: they create the topics",
    Remedy.KEEP_PARTITIONS: (
        "all right if you meant it; never change the number while records are unread"
    ),
    Remedy.WAIT_FOR_LAG: (
        "look again in a minute: if it does not shrink, read the service's log and health"
    ),
    Remedy.HANDLE_LETTERS: (
        "`desk dead-letters list` names them; docs/runbook.md says what each reason asks for"
    ),
    Remedy.LOWER_IN_SYNC: "nothing can be published there: lower min.insync.replicas",
    Remedy.RAISE_IN_SYNC: "what one broker alone has acknowledged is lost with it: set it to 2",
    Remedy.REPLICATE: (
        "what is on one broker is lost with it: reassign the partitions to three, and set"
        " TOPIC_REPLICATION=3 for topics to come"
    ),
    Remedy.ADD_REPLICA: "publishing stops with any of these brokers: add a replica",
    Remedy.ALIGN_TIMESTAMPS: f"irreversible acts then rest on their writers' clocks: `{_ALIGN}`",
    Remedy.ALIGN_TOPICS: f"all differences: `desk topics align`; alter them: `{_ALIGN}`",
    Remedy.REACH_DATABASE: "start it (`desk up`), or set MONGO_URL right",
    Remedy.GRANT_ON_DATABASE: "set user and password in MONGO_URL",
    Remedy.SYNCHRONISE_CLOCKS: (
        "synchronise the clocks (NTP): due times and submissions are judged by them"
    ),
    Remedy.REACH_MAIL_SERVER: "start it (`desk up`), or set SMTP_URL right; mails wait meanwhile",
    Remedy.WAKE_MAIL_SERVER: "end it and start it again; mails wait meanwhile",
    Remedy.CORRECT_MAIL_ADDRESS: "set SMTP_URL right",
    Remedy.REPLAY_PARKED: (
        "deploy the fix, then `desk dead-letters replay`; `desk dead-letters list` names all"
    ),
    Remedy.WATCH_SIZE: "nothing yet; from 4 MB on it is an alarm",
    Remedy.CURE_SIZE: "docs/runbook.md, `document too large`, says how to cure it",
    Remedy.FIND_SERVICES: "look at their /health pages where they run",
    Remedy.REACH_SERVICES: (
        "start the service; its …_URL and INTERNAL_CREDENTIAL must be right (docs/internal-port.md)"
    ),
    Remedy.RESTART_SERVICE: (
        "see .desk/logs/{name}.log; `desk up` starts a dead service again by itself"
    ),
    Remedy.END_HUNG: (
        "if its log, .desk/logs/{name}.log, stands still, end the process"
        " (.desk/processes.json has its number): it is started again, and nothing is lost"
    ),
    Remedy.SAME_CREDENTIAL: (
        "give the service and operators the same INTERNAL_CREDENTIAL, and restart the service"
    ),
    Remedy.TELL_SENDER: (
        "tell that channel's owner; each of them: `desk tail desk.rejections --since 15m`"
    ),
    Remedy.SET_CLOCK: "set the clock right (NTP); it sends no timers until then",
    Remedy.COMPARE_RECORDS: "`desk verify --topics` names what is missing",
    Remedy.WAIT_FOR_DEPENDENCY: "it resumes by itself once that is back",
}


def advice(check: Check) -> str:
    """The remedy in words; empty where the finding is all right."""
    return "" if check.remedy is None else ADVICE[check.remedy].format(name=check.name)


async def all_checks(where: Where) -> list[Check]:
    """Every check, in the order in which a request needs the parts.

    Raises `DeskError`, `OperationError`.
    """
    settings, mongo, smtp = where.settings(), where.mongo_address, where.smtp_address
    kafka, database, mail, services = await asyncio.gather(
        kafka_checks(settings, embedded=_embeds(where)),
        database_checks(mongo),
        mail_check(smtp),
        service_checks(where.directory),
    )
    records = await _record_checks(where)
    return [*kafka[:1], *database, mail, *services, *kafka[1:], *records]


async def _record_checks(where: Where) -> list[Check]:
    try:
        asked = services_of(where)
    except DeskError:
        found = "not asked: where the services answer is not known"
        return [warn("records", found, Remedy.REACH_SERVICES)]
    async with asked as services:
        return await record_checks(services)


def _embeds(where: Where) -> bool:
    """Whether the broker is the one that `desk up` runs from this directory."""
    port = _recorded(where.directory / PORTS_FILE).get("broker")
    return where.kafka_address == f"{HOST}:{port}"


async def service_checks(directory: Path) -> list[Check]:
    """The health page of all that `desk up` runs from this directory: services, portal, console."""
    ports = _ports(directory / PORTS_FILE)
    if not ports:
        found = f"not looked at: {directory} holds no `desk up`"
        return [warn("services", found, Remedy.FIND_SERVICES)]
    names = (*SERVICES, *(name for name in (PORTAL, CONSOLE) if name in ports))
    looked = (service_check(name, health_url(ports[name])) for name in names)
    return [_with_last_words(it, directory) for it in await asyncio.gather(*looked)]


def _with_last_words(check: Check, directory: Path) -> Check:
    """Adds the last words of a service that has ended, where they say why."""
    if check.remedy is not Remedy.RESTART_SERVICE:
        return check
    words = last_words(directory / "logs" / f"{check.name}.log")
    return replace(check, found=f"{check.found}; it said: {words}") if words else check


def last_words(log: Path) -> str:
    """The event of the last line that is an error, and its reason; logs have nobody's data."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LAST_BYTES))
            line = json.loads(file.read().splitlines()[-1])
    except (OSError, ValueError, IndexError):
        return ""
    if not isinstance(line, dict) or line.get("level") not in ("error", "critical"):
        return ""
    said = ": ".join(str(line[name]) for name in ("event", "why") if line.get(name))
    return said if len(said) <= MOST_SAID else f"{said[:MOST_SAID]} …"


def _ports(file: Path) -> dict[str, int]:
    recorded = _recorded(file)
    return recorded if set(SERVICES) <= recorded.keys() else {}


def _recorded(file: Path) -> dict[str, int]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
