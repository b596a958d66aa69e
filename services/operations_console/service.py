"""Puts the console together and runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from limits.aio.storage import Storage
from starlette.applications import Starlette

from services.operations_console.acts import ActPublisher, Acts
from services.operations_console.agent_acts import AgentActs
from services.operations_console.audit import NAME as ACTS
from services.operations_console.audit import AuditReader
from services.operations_console.boards import PROJECTIONS as BOARDS
from services.operations_console.boards import Boards
from services.operations_console.cases import Cases
from services.operations_console.console import Console
from services.operations_console.dead_letters import DeadLetters, kept_trail
from services.operations_console.mails import NAME as MAILS
from services.operations_console.mails import Mails
from services.operations_console.overview import Overview, looking
from services.operations_console.owners import Owners
from services.operations_console.projections import FOLDS, VIEWS, indexes
from services.operations_console.records import Records
from services.operations_console.refusals import NAME as REFUSALS
from services.operations_console.refusals import RefusedActs
from services.operations_console.repairs import Repairs
from services.operations_console.routes import PAGES, SIGN_IN
from services.operations_console.settings import Settings
from shared.desk_hours.holiday_dates import madrid_calendar
from shared.events.topics import CONSOLE
from shared.kafka.clock_skew import ClockSkew
from shared.kafka.topic_creation import create_missing_topics
from shared.mongo.changes import Changes
from shared.mongo.client import Client, Database, close, connect
from shared.operations.case_index import NAME as RECORDS
from shared.operations.case_index import CaseIndex
from shared.operations.visible import escaped
from shared.runtime.backoff import Backoff
from shared.runtime.health.clock_skew import watch_skew
from shared.runtime.health.dependency_checks import check_dependencies
from shared.runtime.health.status import Health
from shared.runtime.patient_publisher import PatientPublisher
from shared.runtime.projections.generations import Generations, begin_rebuild
from shared.runtime.projections.projector import Projections
from shared.runtime.until_there import Step, until_there
from shared.telemetry.metrics import Metrics
from shared.telemetry.tracing import Traces, traces_of
from shared.web import app as web
from shared.web.languages import translations
from shared.web.one_time_codes import OneTimeCodes
from shared.web.openid import OpenId
from shared.web.pages import Site, bound
from shared.web.passkeys import Passkeys, RelyingParty
from shared.web.process import run_web, serve_beside
from shared.web.rate_limits import RateLimits, shared_storage
from shared.web.sessions import Sessions
from shared.web.sign_in_mail import CodeMails
from shared.web.staff import StaffAccounts
from shared.web.static_files import StaticFiles
from shared.web.tickets import Tickets

log: structlog.stdlib.BoundLogger = structlog.get_logger()

HERE = Path(__file__).parent


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Process:
    """One console process: its parts, wired once. Nothing connects yet."""

    settings: Settings
    client: Client
    database: Database
    views: Database
    generations: Generations
    publisher: PatientPublisher
    console: Console
    site: Site
    health: Health
    skew: ClockSkew
    traces: Traces | None
    stopping: asyncio.Event

    @property
    def app(self) -> Starlette:
        return web.build_app(self.site, self.settings, self.health.metrics, traces=self.traces)


def wire(
    settings: Settings,
    *,
    publisher: ActPublisher | None = None,
    storage: Storage | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Process:
    """Put the parts together; call it inside the running event loop."""
    client = connect(settings.mongo_url)
    name = settings.database_of(CONSOLE)
    database = Database(client, name, journal=settings.mongo_journal)
    key, stopping = settings.web_key.get_secret_value().encode(), asyncio.Event()
    views = Database(client, settings.database_of(VIEWS), journal=settings.mongo_journal)
    generations, skew = Generations(views, FOLDS), ClockSkew(utc_now)
    patient = PatientPublisher(settings, skew)
    sessions = Sessions(database, idle=settings.session_idle, life=settings.session_life, now=now)
    passkeys = Passkeys(database, RelyingParty(settings.company_name, settings.public_url), now)
    boards = Boards(generations.serving)
    metrics = Metrics()
    trail_of = kept_trail(settings, generations)
    acts, dead_letters = Acts(publisher or patient), DeadLetters(settings, trail_of)
    console = Console(
        settings=settings,
        cases=Cases(settings, CaseIndex(lambda: generations.serving(RECORDS))),
        overview=Overview(
            looking(settings, boards, trail_of, now),
            timedelta(seconds=settings.overview_every_seconds),
            now,
        ),
        acts=acts,
        audit=AuditReader(lambda: generations.serving(ACTS)),
        records=Records(settings),
        dead_letters=dead_letters,
        repairs=Repairs(database, dead_letters, acts, now),
        changes=Changes(database),
        boards=boards,
        agent_acts=AgentActs(
            Owners(settings),
            RefusedActs(lambda: generations.serving(REFUSALS)),
            database,
            publisher or patient,
            now,
        ),
        owners=Owners(settings),
        mails=Mails(lambda: generations.serving(MAILS)),
        calendar=madrid_calendar(settings.calendar()),
        staff=StaffAccounts(database, sessions, passkeys, now),
        sessions=sessions,
        codes=OneTimeCodes(database, key, now),
        passkeys=passkeys,
        openid=OpenId(database, settings, now),
        code_mails=CodeMails(settings),
        limits=RateLimits(storage or shared_storage(settings.mongo_url, name), key),
        now=now,
    )
    return Process(
        settings=settings,
        client=client,
        database=database,
        views=views,
        generations=generations,
        publisher=patient,
        console=console,
        site=_site(settings, console, key, stopping),
        health=Health(CONSOLE, metrics, utc_now),
        skew=skew,
        traces=traces_of(CONSOLE, settings, metrics),
        stopping=stopping,
    )


def _site(settings: Settings, console: Console, key: bytes, stopping: asyncio.Event) -> Site:
    """Builds the site with a separate cookie: browsers send one host's cookies to every port."""
    return Site(
        pages=bound(PAGES, console),
        sign_in=SIGN_IN,
        environments=web.environments((HERE,), escaped),
        translations=translations((web.HERE / "locale", HERE / "locale")),
        static=StaticFiles([web.HERE / "static"]),
        sessions=console.sessions,
        tickets=Tickets(key),
        standing=console.staff.standing,
        brand={"company": settings.company_name},
        cookie="__Host-staff" if settings.secure_cookies else "staff",
        secure=settings.secure_cookies,
        stopping=stopping,
    )


async def run_until_stopped(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Pages are there while Kafka or MongoDB are not."""
    process = wire(settings)
    try:
        await serve_beside(
            _background(process), process.app, process.health, settings, process.stopping
        )
    finally:
        await process.console.repairs.stop()
        await process.console.code_mails.close()
        await process.console.openid.close()
        await process.publisher.stop()
        if process.traces is not None:
            await process.traces.stop()
        process.console.limits.close()
        close(process.client)
        log.info("stopped")


async def _background(process: Process) -> None:
    """Projections and dependency checks, beside the pages."""
    settings, stopping = process.settings, process.stopping
    projections = Projections(
        settings,
        process.views,
        process.generations,
        BOARDS,
        folds=FOLDS,
        group=settings.group_of(CONSOLE),
        health=process.health,
        stopping=stopping,
        indexes=indexes(settings),
        traces=process.traces,
    )
    for step in _starting_steps(process):
        await until_there(step, process.health, Backoff(settings.max_pause_seconds, stopping))
    if stopping.is_set():
        return
    process.health.begun()
    log.info("started")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(projections.run())
        tasks.create_task(process.console.changes.watch(stopping))
        tasks.create_task(watch_skew(process.skew, process.health, stopping))
        tasks.create_task(
            check_dependencies(process.health, process.database, process.skew, settings, stopping)
        )


def _starting_steps(process: Process) -> Iterator[Step]:
    """The database's first: without Kafka, staff must be able to sign in."""
    console = process.console
    yield process.generations.begin
    yield console.sessions.prepare
    yield console.codes.prepare
    yield console.passkeys.prepare
    yield console.openid.prepare
    yield console.staff.prepare
    if process.settings.create_topics:
        yield lambda: create_missing_topics(process.settings)
    yield console.repairs.prepare
    yield console.agent_acts.prepare
    yield process.publisher.start


def run(settings: Settings) -> None:
    """Log, serve, and end with code 0 after SIGTERM or SIGINT."""
    run_web(CONSOLE, settings, run_until_stopped(settings))


async def rebuild(settings: Settings) -> int:
    """Begin to build the index again, beside the one in use. Returns the generation."""
    return await begin_rebuild(settings, VIEWS, FOLDS)
