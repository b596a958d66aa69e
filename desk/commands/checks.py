"""What `desk doctor` looks at beside Kafka: database, clock, mail server, services."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from desk.commands.addresses import Where
from desk.local.ports import HOST
from desk.local.supervisor import PORTS_FILE, health_url
from services.inquiry_intake.submission.rules import CLOCK_TOLERANCE
from shared.events.topics import SERVICES
from shared.mongo.client import PyMongoError
from shared.operations.checks.kafka import kafka_checks
from shared.operations.checks.records import record_checks
from shared.operations.checks.result import Check, fail, ok, warn
from shared.operations.records import ANSWER_WITHIN_MS, client_of
from shared.operations.refusals import is_refusal
from shared.operations.service_health import health_of
from shared.runtime.health.clock_skew import CLOCK
from shared.runtime.older_database import RECORDS

SKEW_NOTED_S = 2.0
BANNER_WITHIN_S = 3.0
SMTP_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


async def all_checks(where: Where) -> list[Check]:
    """Every check, in the order in which a request needs the parts. Raises `DeskError`."""
    kafka, database, mail, services = await asyncio.gather(
        kafka_checks(where.settings(), embedded=_embeds(where)),
        database_checks(where.mongo_address),
        mail_check(where.smtp_address),
        service_checks(where.directory),
    )
    # By itself: it imports the services, and no answer is read in that time.
    records = await record_checks(where.mongo_address)
    return [*kafka[:1], *database, mail, *services, *kafka[1:], *records]


def _embeds(where: Where) -> bool:
    """Whether the broker is the one that `desk up` runs from this directory."""
    port = _recorded(where.directory / PORTS_FILE).get("broker")
    return where.kafka_address == f"{HOST}:{port}"


async def database_checks(url: str) -> list[Check]:
    """Whether the database answers, and whether its clock and ours agree."""
    client = client_of(url)
    asked_at = time.time()
    try:
        answer = await client.admin.command("hello")
    except PyMongoError as error:
        if is_refusal(error):
            return [fail("database", "it refuses this user", "set user and password in MONGO_URL")]
        advice = "start it (`desk up`), or set MONGO_URL right"
        return [fail("database", f"no answer within {ANSWER_WITHIN_MS / 1000:g} s", advice)]
    finally:
        client.close()
    took_s = time.time() - asked_at
    found = ok("database", f"answers in {took_s * 1000:.0f} ms")
    there = answer.get("localTime")
    if not isinstance(there, datetime):
        return [found]
    there = there.replace(tzinfo=there.tzinfo or UTC)  # the driver's default is naive UTC
    here = datetime.fromtimestamp(asked_at + took_s / 2, UTC)
    return [found, clock_check((there - here).total_seconds())]


def clock_check(skew_s: float) -> Check:
    """How far the database's clock is ahead of this machine's, in seconds."""
    found = f"the database's clock differs by {abs(skew_s):.1f} s from this machine's"
    advice = "synchronise the clocks (NTP): due times and submissions are judged by them"
    if abs(skew_s) > CLOCK_TOLERANCE.total_seconds():
        return fail("clock", found, advice)
    return warn("clock", found, advice) if abs(skew_s) > SKEW_NOTED_S else ok("clock", found)


async def mail_check(url: str) -> Check:
    """Whether the mail server takes connections and, unless it wants TLS first, greets."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or SMTP_PORTS.get(parts.scheme, 25)
    at = f"{host}:{port}"
    try:
        async with asyncio.timeout(BANNER_WITHIN_S):
            reader, writer = await asyncio.open_connection(host, port)
            banner = b"220" if parts.scheme == "smtps" else await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        advice = "start it (`desk up`), or set SMTP_URL right; mails wait meanwhile"
        return fail("mail", f"no answer from {at}", advice)
    if not banner.startswith(b"220"):
        return fail("mail", f"{at} does not greet like a mail server", "set SMTP_URL right")
    return ok("mail", f"{at} greets")


async def service_checks(directory: Path) -> list[Check]:
    """The health page of every service that `desk up` runs from this directory."""
    ports = _ports(directory / PORTS_FILE)
    if not ports:
        found = f"not looked at: {directory} holds no `desk up`"
        return [warn("services", found, "look at their /health pages where they run")]
    return list(await asyncio.gather(*(_service(name, ports[name]) for name in SERVICES)))


def _ports(file: Path) -> dict[str, int]:
    recorded = _recorded(file)
    return recorded if set(SERVICES) <= recorded.keys() else {}


def _recorded(file: Path) -> dict[str, int]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


async def _service(name: str, port: int) -> Check:
    page = await health_of(health_url(port))
    if page is None:
        advice = f"see .desk/logs/{name}.log; `desk up` starts a dead service again by itself"
        return fail(name, f"nothing answers at {health_url(port)}", advice)
    status = str(page.get("status"))
    if status == "ok":
        return ok(name, f"ok, {page.get('batches')} batches so far")
    away = ", ".join(page.get("away") or ()) or "nothing named"
    if CLOCK in (page.get("away") or ()):
        found = f"{status}; its clock is {page.get('clock_skew_seconds')} s ahead of the broker's"
        return fail(name, found, "set the clock right (NTP); it sends no timers until then")
    if RECORDS in (page.get("away") or ()):
        found = f"{status}; {(page.get('reasons') or {}).get(RECORDS)}"
        return fail(name, found, "`desk verify --topics` names what is missing")
    return fail(name, f"{status}; away: {away}", "it goes on by itself once that is back")
