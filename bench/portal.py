"""Customers use the portal beside the running desk: how long pages and live answers take.

Signed-in customers, half of them at each of two web processes, think between clicks; a click now
and then is a question. Professionals answer, and open conversations show each answer live. Seen
from a client on the same machine, whose own work is in the figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

import httpx2

from bench.processes import cpu_seconds, memory_mb
from bench.servers import Servers
from desk.commands.event_file import Outgoing
from desk.commands.sample_account import sample_account
from desk.commands.send import send
from desk.demo.outside import DemoCustomer, World
from desk.demo.story import SentRecord
from desk.local.broker import plain
from desk.local.supervisor import Desk, desk_up
from services.customer_portal.projections import FOLDS
from services.customer_portal.queries import ProjectionQueries
from services.customer_portal.rooms.queries import Rooms
from services.customer_portal.service import VIEWS, utc_now
from services.customer_portal.settings import Settings
from shared.events.topics import PORTAL, TOPIC_OF
from shared.kafka.publisher import KafkaPublisher
from shared.mongo.client import Database, connect
from shared.runtime.backoff import sleep_unless
from shared.runtime.projections.generations import Generations
from shared.settings import RuntimeSettings
from shared.web.sessions import Holder, Session, Sessions, Visitor, new_id
from tests.builders.second_portal import second_portal

CUSTOMERS, SECONDS, THINKS_S = 200, 60.0, 5.0
WATCHING = 50
"""Customers who have a conversation open besides, whose answers they see live."""
ANSWERS_EVERY_S = 1.0
CONNECTS_AGAIN_S = 1.0
"""A browser's pause in seconds before it reopens a stream that has ended."""
ASKS_EVERY = 20
"""Clicks of a customer from one question to the next."""
KNOWN_WITHIN_S = 600.0
SEEN_WITHIN_S = 60.0
IDLE_S = 10.0
ORDINARY_S = 20.0
MODEST = {"UNREGISTERED_MAILS_PER_HOUR": "5000", "UNREGISTERED_MAILS_PER_DAY": "5000"}
OF_THE_ROOMS = frozenset({"orders", "accounts", "items"})
NAMES_OF_ONE = ("PED-", "ENV-", "IT-", "F-2026-", "A-2026-")
"""How the numbers of the sample company's records begin: each customer gets own ones."""
TICKET = re.compile(r'name="ticket" value="([^"]+)"')
ASK, QUESTION, LIVE = "ask a question (POST)", "question form", "live"

Times = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with three contracts, a question and an account, signed in in one browser."""

    number: int
    customer: DemoCustomer
    contracts: tuple[str, ...]
    question: SentRecord
    session: str = ""

    @property
    def pages(self) -> Mapping[str, str]:
        """Where the pages are that a customer looks at, by what they show."""
        one = self.number
        return {
            "start": "/es",
            "contracts": "/es/contratos",
            "contract": f"/es/contratos/{self.contracts[0]}",
            "choose what to cancel": "/es/cancelar",
            "inquiries": "/es/consultas",
            "conversation": f"/es/consultas/{self.question.inquiry_id}",
            "orders": "/es/pedidos",
            "order": f"/es/pedidos/PED-{one}-4102",
            "invoices": "/es/facturas",
            "invoice": f"/es/facturas/F-2026-{one}-0102",
            "statement": "/es/estado-de-cuenta",
            "inventory": "/es/inventario",
            "item": f"/es/inventario/IT-{one}-303",
            "profile": "/es/perfil",
        }

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Cookie": f"__Host-session={self.session}",
            "X-Forwarded-For": f"198.51.{self.number // 250}.{self.number % 250 + 1}",
            "Sec-Fetch-Site": "same-origin",
        }


@dataclass
class Measured:
    """Milliseconds by page, of live answers too, and what went wrong."""

    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    live: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu_ms: float = 0.0
    """CPU of both portals for each page, with their projections and live parts."""
    ordinary_cpu_ms: float = 0.0
    """The same where customers look at pages and nothing else happens."""
    idle_cpu_ms: float = 0.0
    """The part of it that both portals take also while nobody uses them."""
    memory_mb: float = 0.0

    @property
    def all_pages(self) -> list[float]:
        return [it for times in self.pages.values() for it in times]

    def as_json(self) -> dict[str, Any]:
        by_page = {name: figures(times) for name, times in sorted(self.pages.items())}
        return {
            "customers": CUSTOMERS,
            "thinks_s": THINKS_S,
            "seconds": round(self.seconds, 1),
            "pages": len(self.all_pages),
            "failed": self.failed,
            "cpu_ms_a_page": round(self.cpu_ms, 2),
            "cpu_ms_an_ordinary_page": round(self.ordinary_cpu_ms, 2),
            "idle_cpu_ms_a_page": round(self.idle_cpu_ms, 2),
            "memory_mb": round(self.memory_mb),
            "all pages": figures(self.all_pages),
            "live answer": figures(self.live),
            "by page": by_page,
        }


def figures(times: Sequence[float]) -> list[float]:
    """[p50, p95, p99] in milliseconds."""
    cuts = quantiles(times, n=100, method="inclusive")
    return [round(cuts[at], 1) for at in (49, 94, 98)]


async def measure(servers: Servers, say: Callable[[str], None]) -> Measured:
    """One run, on a desk that is started for it."""
    async with (
        desk_up(
            servers.directory / "desk",
            kafka=servers.bootstrap,
            mongo=servers.mongo_url,
            overrides=servers.suited | MODEST,
            portal=True,
            say=say,
        ) as desk,
        second_portal(desk, servers.directory, MODEST) as (other, process),
        _reported(desk, say) as people,
        httpx2.AsyncClient(timeout=60.0, trust_env=False, limits=httpx2.Limits()) as http,
    ):
        assert desk.endpoints.portal is not None
        own = desk.services[PORTAL].pid
        assert own is not None
        assert process.pid is not None
        urls, pids = (desk.endpoints.portal, other), (own, process.pid)
        say("warm-up")
        await _used(http, people, urls, Measured(), seconds=2 * THINKS_S)
        idle = await _cpu_a_second(pids, IDLE_S)
        say("ordinary pages alone, then everything at once")
        ordinary = await _cpu_of_ordinary_pages(http, people, urls, pids)
        found = Measured()
        before, began = sum(map(cpu_seconds, pids)), time.perf_counter()
        async with _watched(http, desk, people[:WATCHING], urls, found):
            await _used(http, people, urls, found, seconds=SECONDS)
        found.seconds = time.perf_counter() - began
        spent = sum(map(cpu_seconds, pids)) - before
        found.cpu_ms = spent * 1000 / len(found.all_pages)
        found.ordinary_cpu_ms = ordinary
        found.idle_cpu_ms = idle * found.seconds * 1000 / len(found.all_pages)
        found.memory_mb = max(map(memory_mb, pids))
        return found


async def _cpu_a_second(pids: Sequence[int], seconds: float) -> float:
    before, began = sum(map(cpu_seconds, pids)), time.perf_counter()
    await asyncio.sleep(seconds)
    return (sum(map(cpu_seconds, pids)) - before) / (time.perf_counter() - began)


async def _cpu_of_ordinary_pages(
    http: httpx2.AsyncClient, people: Sequence[Person], urls: Sequence[str], pids: Sequence[int]
) -> float:
    """CPU milliseconds of both portals for each page, with all that they do besides."""
    seen = Measured()
    before = sum(map(cpu_seconds, pids))
    await _used(http, people, urls, seen, seconds=ORDINARY_S, asks=False)
    return (sum(map(cpu_seconds, pids)) - before) * 1000 / len(seen.all_pages)


@asynccontextmanager
async def _reported(desk: Desk, say: Callable[[str], None]) -> AsyncIterator[list[Person]]:
    """Everybody, once the pages know all of them; their sessions last as long as this."""
    world = World(new_id()[:4], datetime.now(UTC))
    people = [_person(world, number) for number in range(CUSTOMERS)]
    broker = plain(desk.endpoints.kafka_bootstrap_servers)
    await send(broker, [it for person in people for it in _reports(world, person)])
    client = connect(desk.endpoints.mongo_url)
    settings = Settings()
    generations = Generations(Database(client, settings.database_of(VIEWS)), FOLDS)
    await generations.begin()
    queries, rooms = ProjectionQueries(generations), Rooms(generations)
    say(f"{CUSTOMERS} customers are reported; waiting until the pages know them")
    async with asyncio.timeout(KNOWN_WITHIN_S):
        for person in people:
            while not await _is_known(person, queries, rooms):
                await asyncio.sleep(0.2)
    sessions = Sessions(
        Database(client, settings.database_of(PORTAL)),
        idle=settings.session_idle,
        life=settings.session_life,
        now=utc_now,
    )
    try:
        yield [await _signed_in(person, sessions) for person in people]
    finally:
        client.close()


def _person(world: World, number: int) -> Person:
    customer = world.customer(f"cliente-{number}")
    question = world.submits(
        customer,
        "inquiry",
        request_type="contracts",
        subject="Una pregunta",
        text="¿Qué incluye el mantenimiento?",
        contact=customer.contact,
    )
    contracts = tuple(world.contract("K") for _ in range(3))
    return Person(number, customer, contracts, question)


def _reports(world: World, person: Person) -> Iterator[Outgoing]:
    customer = person.customer
    kinds = ("monthly_licence", "hardware_maintenance", "passport_advantage")
    sent = [
        world.registers(customer),
        world.agent("access_authorised", customer.id, customer_id=customer.id),
        person.question,
        *(
            world.records(number, customer, kind)
            for number, kind in zip(person.contracts, kinds, strict=True)
        ),
    ]
    for it in sent:
        assert not isinstance(it.data, bytes)
        yield Outgoing(it.ce_type, it.id, it.source, dict(it.data))
    account = sample_account(customer.id, person.contracts, world.now.isoformat())
    for event in account:
        if TOPIC_OF[event.ce_type].name.split(".")[1] in OF_THE_ROOMS:
            yield _of_its_own(event, person.number)


def _of_its_own(event: Outgoing, number: int) -> Outgoing:
    said = json.dumps(event.data)
    for name in NAMES_OF_ONE:
        said = said.replace(f'"{name}', f'"{name}{number}-')
    return Outgoing(event.ce_type, f"{event.ce_id}-{number}", event.source, json.loads(said))


async def _is_known(person: Person, queries: ProjectionQueries, rooms: Rooms) -> bool:
    holder = Holder(person.customer.id)
    profile = await queries.profile(holder)
    if not (profile and profile["access"]):
        return False
    found = (
        await queries.contracts(holder),
        await rooms.orders(holder),
        await rooms.bookings(holder),
        await rooms.items(holder),
    )
    return [*map(len, found)] == [3, 4, 9, 4] and len(await queries.inquiries(holder)) == 2


async def _signed_in(person: Person, sessions: Sessions) -> Person:
    before = Session(new_id(), Visitor(new_id()))
    session = await sessions.sign_in(before, Holder(person.customer.id))
    return Person(person.number, person.customer, person.contracts, person.question, session.id)


async def _used(
    http: httpx2.AsyncClient,
    people: Sequence[Person],
    urls: Sequence[str],
    found: Measured,
    *,
    seconds: float,
    asks: bool = True,
) -> None:
    until = time.perf_counter() + seconds
    await asyncio.gather(
        *(_clicks(http, it, urls[it.number % len(urls)], found, until, asks) for it in people)
    )


async def _clicks(
    http: httpx2.AsyncClient,
    person: Person,
    url: str,
    found: Measured,
    until: float,
    asks: bool,
) -> None:
    """Think, click, look; thinking lasts about as long each time, and begins at any moment."""
    chance = random.Random(person.number)
    pages, clicks = [*person.pages.items()], chance.randrange(ASKS_EVERY)
    await asyncio.sleep(chance.uniform(0, THINKS_S))
    while time.perf_counter() < until:
        clicks += 1
        if asks and clicks % ASKS_EVERY == 0:
            await _asks(http, person, url, found)
        else:
            name, path = chance.choice(pages)
            await _asked(http, "GET", name, url + path, person, found)
        await asyncio.sleep(chance.uniform(0.8, 1.2) * THINKS_S)


async def _asks(http: httpx2.AsyncClient, person: Person, url: str, found: Measured) -> None:
    address = f"{url}/es/contacto/facturas"
    page = await _asked(http, "GET", QUESTION, address, person, found)
    if page is None:
        return
    form = {"ticket": TICKET.findall(page.text)[-1], "subject": "Una factura", "text": "¿Cuál?"}
    await asyncio.sleep(THINKS_S)
    await _asked(http, "POST", ASK, address, person, found, form)


async def _asked(
    http: httpx2.AsyncClient,
    method: str,
    name: str,
    url: str,
    person: Person,
    found: Measured,
    form: Mapping[str, str] | None = None,
) -> httpx2.Response | None:
    began = time.perf_counter()
    try:
        answer = await http.request(method, url, data=form, headers=person.headers)
    except httpx2.HTTPError as error:
        found.failed.append(f"{name}: {error!r}")
        return None
    found.pages[name].append((time.perf_counter() - began) * 1000)
    if answer.status_code != (200 if form is None else 303):
        found.failed.append(f"{name}: {answer.status_code}")
        return None
    return answer


@asynccontextmanager
async def _watched(
    http: httpx2.AsyncClient,
    desk: Desk,
    people: Sequence[Person],
    urls: Sequence[str],
    found: Measured,
) -> AsyncIterator[None]:
    """Conversations are open at both processes, and professionals answer in them.

    An answer that no open page shows in time is a failure.
    """
    answered: dict[str, float] = {}
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        streams = [
            tasks.create_task(_watches(http, it, urls[it.number % len(urls)], answered, found))
            for it in people
        ]
        answering = tasks.create_task(_answers(desk, people, answered, stopping))
        yield
        stopping.set()
        await answering
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEEN_WITHIN_S):
                while answered:
                    await asyncio.sleep(0.05)
        found.failed += [f"{LIVE}: never shown: {text}" for text in answered]
        for task in streams:
            task.cancel()


async def _answers(
    desk: Desk, people: Sequence[Person], answered: dict[str, float], stopping: asyncio.Event
) -> None:
    world = World(new_id()[:4], datetime.now(UTC))
    settings = RuntimeSettings(kafka_bootstrap_servers=desk.endpoints.kafka_bootstrap_servers)
    publisher = KafkaPublisher(settings)
    await publisher.start()
    try:
        for number in itertools.takewhile(lambda _: not stopping.is_set(), itertools.count()):
            about = people[number % len(people)].question.inquiry_id
            text = f"Respuesta {number:06}"
            act = world.agent("inquiry_answered", about, inquiry_id=about, text=text)
            event = Outgoing(act.ce_type, act.id, act.source, dict(act.data))  # type: ignore[arg-type]  # an agent's act has fields
            answered[text] = time.perf_counter()
            await publisher.publish([event.record(datetime.now(UTC))])
            await sleep_unless(stopping, ANSWERS_EVERY_S)
    finally:
        await publisher.stop()


async def _watches(
    http: httpx2.AsyncClient,
    person: Person,
    url: str,
    answered: dict[str, float],
    found: Measured,
) -> None:
    """An open conversation: like a browser, it connects again when its stream ends."""
    while True:
        try:
            await _stream(http, person, url, answered, found)
        except httpx2.HTTPError as error:
            found.failed.append(f"{LIVE}: {error!r}")
        await asyncio.sleep(CONNECTS_AGAIN_S)


async def _stream(
    http: httpx2.AsyncClient,
    person: Person,
    url: str,
    answered: dict[str, float],
    found: Measured,
) -> None:
    """Each answer is taken off `answered` when it is shown first."""
    address = f"{url}/es/consultas/{person.question.inquiry_id}/en-vivo"
    async with http.stream("GET", address, headers=person.headers) as stream:
        if stream.status_code != 200:
            found.failed.append(f"{LIVE}: {stream.status_code}")
        async for line in stream.aiter_lines():
            for text in re.findall(r"Respuesta \d{6}", line):
                published = answered.pop(text, None)
                if published is not None:
                    found.live.append((time.perf_counter() - published) * 1000)


def table(found: Measured) -> str:
    """As Markdown, the slowest page first."""
    said = found.as_json()
    by_page = sorted(said["by page"].items(), key=lambda it: -it[1][1])
    rows = [
        ("**all pages**", len(found.all_pages), said["all pages"]),
        *((name, len(found.pages[name]), cuts) for name, cuts in by_page),
        (
            "a live answer, from the agent's act to the open page",
            len(found.live),
            said["live answer"],
        ),
    ]
    lines = ["| page | times | p50 ms | p95 ms | p99 ms |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {name} | {count:,} | {p50} | {p95} | {p99} |" for name, count, (p50, p95, p99) in rows
    ]
    return "\n".join(lines)
