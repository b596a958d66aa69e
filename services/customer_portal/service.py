"""Puts the portal together and runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx2
import structlog
from limits.aio.storage import Storage
from starlette.applications import Starlette

from services.customer_portal.api.application import api_app
from services.customer_portal.api.endpoints import Api
from services.customer_portal.api.partners import Partners
from services.customer_portal.api.routes import ROOT as API_ROOT
from services.customer_portal.api.tokens import AnotherIssuer, OwnIssuer
from services.customer_portal.api.webhooks.feed import Feed
from services.customer_portal.api.webhooks.sender import Poster, WebhookSender
from services.customer_portal.api.webhooks.store import WebhookStore
from services.customer_portal.documents import ArchiveClient
from services.customer_portal.erasure import erase_again_and_again
from services.customer_portal.followed import FollowedInquiries
from services.customer_portal.hand_over import HandOver
from services.customer_portal.outbox import Outbox, SubmissionPublisher
from services.customer_portal.portal import Portal
from services.customer_portal.previews import Previews
from services.customer_portal.projections import FOLDS
from services.customer_portal.projections import PROJECTIONS as OF_THE_DESK
from services.customer_portal.queries import ProjectionQueries
from services.customer_portal.rooms.billing_documents import BillingDocuments
from services.customer_portal.rooms.projections import PROJECTIONS as OF_THE_ROOMS
from services.customer_portal.rooms.queries import Rooms
from services.customer_portal.routes import PAGES, SIGN_IN
from services.customer_portal.settings import Settings
from services.customer_portal.uploads import Uploads
from shared.desk_hours.holiday_dates import madrid_calendar
from shared.events.topics import PORTAL
from shared.kafka.clock_skew import ClockSkew
from shared.kafka.topic_creation import create_missing_topics
from shared.mongo.changes import Changes
from shared.mongo.client import Client, Database, close, connect
from shared.runtime.backoff import Backoff
from shared.runtime.health.clock_skew import watch_skew
from shared.runtime.health.dependency_checks import check_dependencies
from shared.runtime.health.status import Health
from shared.runtime.patient_publisher import PatientPublisher
from shared.runtime.projections.generations import Generations, begin_rebuild
from shared.runtime.projections.projection import views_of
from shared.runtime.projections.projector import Projections, is_projected
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
from shared.web.static_files import StaticFiles
from shared.web.tickets import Tickets

log: structlog.stdlib.BoundLogger = structlog.get_logger()

HERE = Path(__file__).parent
VIEWS = views_of(PORTAL)
PROJECTIONS = (*OF_THE_DESK, *OF_THE_ROOMS)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Process:
    """One portal process: its parts, wired once. Nothing connects yet."""

    settings: Settings
    client: Client
    database: Database
    views: Database
    generations: Generations
    publisher: PatientPublisher
    portal: Portal
    api: Api
    site: Site
    health: Health
    skew: ClockSkew
    traces: Traces | None
    stopping: asyncio.Event

    @property
    def app(self) -> Starlette:
        beside = {API_ROOT: api_app(self.api)}
        return web.build_app(self.site, self.settings, self.health.metrics, beside, self.traces)


def wire(
    settings: Settings,
    *,
    publisher: SubmissionPublisher | None = None,
    storage: Storage | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Process:
    """Put the parts together; call it inside the running event loop."""
    client = connect(settings.mongo_url)
    name, journal = settings.database_of(PORTAL), settings.mongo_journal
    database = Database(client, name, journal=journal)
    views = Database(client, settings.database_of(VIEWS), journal=journal)
    generations, skew = Generations(views, FOLDS), ClockSkew(utc_now)
    patient, key = PatientPublisher(settings, skew), settings.web_key.get_secret_value().encode()
    stopping, metrics = asyncio.Event(), Metrics()
    sessions = Sessions(database, idle=settings.session_idle, life=settings.session_life, now=now)
    party = RelyingParty(settings.company_name, settings.public_url)
    limits = RateLimits(storage or shared_storage(settings.mongo_url, name), key)
    uploads = Uploads(
        database,
        limits,
        kept=settings.submissions_kept,
        visitors_mib_a_day=settings.visitor_uploads_mib_a_day,
        now=now,
    )
    hand_over = HandOver(settings, uploads)
    portal = Portal(
        settings=settings,
        calendar=madrid_calendar(settings.calendar()),
        outbox=Outbox(
            database,
            publisher or patient,
            hand_over,
            kept=settings.submissions_kept,
            now=now,
        ),
        queries=ProjectionQueries(generations),
        rooms=Rooms(generations),
        previews=Previews(settings),
        documents=ArchiveClient(settings),
        billing_documents=BillingDocuments(settings),
        uploads=uploads,
        hand_over=hand_over,
        changes=Changes(views),
        sessions=sessions,
        codes=OneTimeCodes(database, key, now),
        passkeys=Passkeys(database, party, now),
        openid=OpenId(database, settings, now),
        code_mails=CodeMails(settings),
        followed=FollowedInquiries(database, now),
        limits=limits,
        now=now,
    )
    return Process(
        settings=settings,
        client=client,
        database=database,
        views=views,
        generations=generations,
        publisher=patient,
        portal=portal,
        api=_api(settings, portal, database, now),
        site=_site(settings, portal, sessions, key, stopping),
        health=Health(PORTAL, metrics, utc_now),
        skew=skew,
        traces=traces_of(PORTAL, settings, metrics),
        stopping=stopping,
    )


def _api(
    settings: Settings, portal: Portal, database: Database, now: Callable[[], datetime]
) -> Api:
    partners, webhooks = Partners(database, now), WebhookStore(database, now)
    if settings.api_jwks_url:
        another = AnotherIssuer(settings, now, httpx2.AsyncClient(follow_redirects=False))
        return Api(settings, portal, partners, another, None, webhooks)
    own = OwnIssuer.of(settings, now)
    return Api(settings, portal, partners, own, own, webhooks)


def _site(
    settings: Settings, portal: Portal, sessions: Sessions, key: bytes, stopping: asyncio.Event
) -> Site:
    return Site(
        pages=bound(PAGES, portal),
        sign_in=SIGN_IN,
        environments=web.environments((HERE,)),
        translations=translations((web.HERE / "locale", HERE / "locale")),
        static=StaticFiles([web.HERE / "static"]),
        sessions=sessions,
        tickets=Tickets(key),
        is_forgotten=portal.queries.is_forgotten,
        brand={
            "company": settings.company_name,
            "phone": settings.company_phone,
            "abroad": settings.company_phone_from_abroad,
        },
        cookie="__Host-session" if settings.secure_cookies else "session",
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
        await process.portal.code_mails.close()
        await process.portal.openid.close()
        await process.portal.previews.close()
        await process.portal.documents.close()
        await process.portal.billing_documents.close()
        await process.api.tokens.close()
        await process.portal.hand_over.close()
        await process.publisher.stop()
        if process.traces is not None:
            await process.traces.stop()
        process.portal.limits.close()
        close(process.client)
        log.info("stopped")


async def _background(process: Process) -> None:
    """Projections, changes, relay and dependency checks, beside the pages."""
    settings, portal, stopping = process.settings, process.portal, process.stopping
    projections = Projections(
        settings,
        process.views,
        process.generations,
        PROJECTIONS,
        folds=FOLDS,
        group=settings.group_of(PORTAL),
        health=process.health,
        stopping=stopping,
        traces=process.traces,
    )
    for step in _starting_steps(process):
        pauses = Backoff(settings.max_pause_seconds, stopping)
        await until_there(step, process.health, pauses)
    if stopping.is_set():
        return
    process.health.begun()
    log.info("started")
    api, poster = process.api, Poster(anywhere=settings.development_defaults)
    projected = partial(is_projected, settings, process.generations, settings.group_of(PORTAL))
    feed = Feed(settings, api.webhooks, api.partners, portal.queries, projected, stopping)
    sender = WebhookSender(
        api.webhooks,
        api.partners,
        poster,
        utc_now,
        give_up_after=timedelta(days=settings.webhook_failure_days),
        traces=process.traces,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(projections.run())
        tasks.create_task(watch_skew(process.skew, process.health, stopping))
        tasks.create_task(feed.run())
        tasks.create_task(sender.run(stopping, settings.max_pause_seconds))
        tasks.create_task(portal.changes.watch(stopping))
        tasks.create_task(erase_again_and_again(portal.uploads, portal.queries, stopping))
        tasks.create_task(portal.outbox.relay(stopping, settings.max_pause_seconds))
        tasks.create_task(
            check_dependencies(process.health, process.views, process.skew, settings, stopping)
        )
    await poster.close()


def _starting_steps(process: Process) -> Iterator[Step]:
    """The database's first: without Kafka, pages must read the generation that serves."""
    portal = process.portal
    yield process.generations.begin
    yield portal.sessions.prepare
    yield portal.codes.prepare
    yield portal.passkeys.prepare
    yield portal.openid.prepare
    yield portal.followed.prepare
    yield portal.outbox.prepare
    yield portal.uploads.prepare
    yield process.api.webhooks.prepare
    if process.settings.create_topics:
        yield lambda: create_missing_topics(process.settings)
    yield process.publisher.start


def run(settings: Settings) -> None:
    """Log, serve, and end with code 0 after SIGTERM or SIGINT."""
    run_web(PORTAL, settings, run_until_stopped(settings))


async def rebuild(settings: Settings) -> int:
    """Begin to build the projections again, beside those in use. Returns the generation."""
    return await begin_rebuild(settings, VIEWS, FOLDS)
