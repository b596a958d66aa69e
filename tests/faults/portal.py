"""Customers send forms through two portals while the portals and all behind them die.

No scripts run. A form is sent twice at once, as by a double click, and again, to either portal,
until a page confirms it: its ticket makes it one request. Some customers give up instead; what they
sent may count once or not at all, and their page says which.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from uuid import uuid4

import httpx2

from desk.local.child import Child
from desk.local.ports import HOST, choose_ports
from desk.local.supervisor import health_url, portal_url
from services.customer_portal.outbox import SOURCE
from services.customer_portal.settings import Settings
from shared.events.envelope import message_uuid
from shared.events.topics import PORTAL, SERVICES
from shared.mongo.client import Database, connect
from shared.operations.service_health import is_healthy
from shared.web.sessions import Holder, Session, Sessions, Visitor, new_id
from tests.faults import workload
from tests.faults.death import PORTAL_STEPS
from tests.faults.injection import Injected, Scale, Scenario
from tests.faults.machine import HEALTHY_WITHIN_S, Machine, kill_group
from tests.faults.patience import Patience
from tests.faults.workload import COURSE, MAILS, Channel

PORTALS = (1, 2)
SHOWN_WITHIN_S = 300.0
STALLED_S = 240.0
ANSWERED_WITHIN_S = 30.0
OBEYED_WITHIN_S = 120.0
AGAIN_AFTER_S = 0.3
BETWEEN_FORMS_S = 1.0
BETWEEN_DEATHS_S = 3.0
CANCEL_EVERY, GIVE_UP_EVERY = 3, 5
CUSTOMERS = 8
PACE = 5.0
"""The cases beside the forms may come slowly: what dies with them dies in other scenarios too."""
TICKET = re.compile(r'name="ticket" value="([^"]+)"')
REFERENCE = re.compile(r'class="reference">([^<]+)<')
COOKIE = "__Host-session"
SAYS = (
    "Kept, and on its way",
    "Waiting for the receipt",
    'class="reference"',
    "Confirmation sent to",
)
"""Texts that mark a submission's stages on its page, in their order; a page never goes back."""
Answer = httpx2.Response | None
UNDECIDED, REFUSED = "Being decided", "Not accepted"


@dataclass(frozen=True, slots=True)
class Customer:
    """Registered, with access, and holder of one contract; signed in in one browser."""

    number: str
    session: str

    @property
    def id(self) -> str:
        return workload.holder_of(self.number)


@dataclass
class Form:
    """One form in one browser, from loading it to the last that its page said."""

    path: str
    fields: Mapping[str, str]
    client: str
    contract: str | None = None
    cookie: str = ""
    ticket: str = ""
    confirmed: bool = False
    stage: int = -1
    faults: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.ticket.partition(".")[0]

    @property
    def inquiry_id(self) -> str:
        return str(message_uuid(SOURCE, self.id))

    @property
    def headers(self) -> dict[str, str]:
        said = {"X-Forwarded-For": self.client, "Sec-Fetch-Site": "same-origin"}
        return said | ({"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})

    def is_answered(self, answer: httpx2.Response) -> bool:
        """Whether the page confirms the form. It may fail, and may say nothing untrue."""
        if answer.status_code >= 500:
            return False
        where = answer.headers.get("location", "")
        if answer.status_code == 303 and where == f"/en/sent/{self.id}":
            return True
        self.faults.append(f"form {self.id} was answered with {answer.status_code} {where}")
        return True

    def look(self, page: str) -> None:
        """Note how far the page says that it is."""
        stage = max((number for number, words in enumerate(SAYS) if words in page), default=-1)
        if stage < self.stage or REFUSED in page:
            self.faults.append(f"the page of {self.id} went back from {self.stage} to {stage}")
        self.stage = stage


@dataclass
class Portals:
    """The processes, their addresses, and a browser's connection to them."""

    children: Sequence[Child]
    urls: Sequence[str]
    health: Sequence[str]
    http: httpx2.AsyncClient

    async def ask(self, form: Form, path: str, data: Mapping[str, str] | None = None) -> Answer:
        """Ask either portal; None if it does not answer."""
        url = random.choice(self.urls)
        method = "GET" if data is None else "POST"
        try:
            return await self.http.request(method, url + path, data=data, headers=form.headers)
        except httpx2.HTTPError:
            return None

    async def healthy(self) -> None:
        async with asyncio.timeout(HEALTHY_WITHIN_S):
            for url in self.health:
                while not await is_healthy(url):
                    await asyncio.sleep(0.1)

    async def keep_alive(self) -> None:
        """As a supervisor does."""
        while True:
            for child in self.children:
                if not child.alive:
                    child.start()
            await asyncio.sleep(0.1)


@asynccontextmanager
async def portals(machine: Machine) -> AsyncIterator[Portals]:
    """Two portals while inside, started again whenever they die."""
    names = [f"{kind} {number}" for number in PORTALS for kind in ("pages", "health")]
    ports = choose_ports(names, machine.directory / "portals.json")
    children = []
    for number in PORTALS:
        own = {
            "WEB_PORT": str(ports[f"pages {number}"]),
            "PUBLIC_URL": portal_url(ports[f"pages {number}"]),
            "HTTP_HOST": HOST,
            "HTTP_PORT": str(ports[f"health {number}"]),
            "KAFKA_GROUP_INSTANCE_ID": f"{PORTAL}-{number}",
        }
        children.append(machine.another(PORTAL, number, own=own))
    async with httpx2.AsyncClient(timeout=ANSWERED_WITHIN_S, trust_env=False) as http:
        found = Portals(
            children,
            [f"http://{HOST}:{ports[f'pages {number}']}" for number in PORTALS],
            [health_url(ports[f"health {number}"]) for number in PORTALS],
            http,
        )
        alive = asyncio.create_task(found.keep_alive())
        try:
            await found.healthy()
            yield found
        finally:
            alive.cancel()
            await asyncio.gather(alive, return_exceptions=True)
            await asyncio.gather(*(machine.more.pop(it.name).stop(30) for it in children))


async def customers(machine: Machine, channel: Channel) -> list[Customer]:
    """Customers who may cancel: registered by a channel, let in by an agent, with a contract."""
    name = uuid4().hex[:8]
    numbers = [f"P-{name}-{number}" for number in range(CUSTOMERS)]
    await channel.publish([workload.contract(number) for number in numbers])
    await channel.publish([workload.registration(number) for number in numbers])
    await channel.publish([workload.access(number) for number in numbers])
    client = connect(machine.mongo_url)
    settings = Settings()
    own = Database(client, settings.database_of(PORTAL), journal=True)
    sessions = Sessions(
        own, idle=settings.session_idle, life=settings.session_life, now=partial(datetime.now, UTC)
    )
    found = []
    try:
        for number in numbers:
            before = Session(new_id(), Visitor(f"browser of {number}"))
            session = await sessions.sign_in(before, Holder(workload.holder_of(number)))
            found.append(Customer(number, session.id))
    finally:
        client.close()
    return found


async def until_known(known: Sequence[Customer], portals: Portals) -> None:
    """Return once the pages offer each of them the contract to cancel."""
    async with asyncio.timeout(SHOWN_WITHIN_S):
        for customer in known:
            form = Form("/en/cancel", {}, "198.51.100.1", cookie=customer.session)
            while (page := await portals.ask(form, form.path)) is None or (
                customer.number not in page.text
            ):
                await asyncio.sleep(0.2)


def forms(of: Sequence[Customer]) -> Iterator[Form]:
    """Endless questions, and among them one cancellation by each customer."""
    left = iter(of)
    for number in count(1):
        client = f"198.51.{100 + number // 250}.{1 + number % 250}"
        if number % CANCEL_EVERY == 0 and (customer := next(left, None)) is not None:
            yield _cancellation(customer, client)
        else:
            yield _question(number, client)


def _question(number: int, client: str) -> Form:
    fields = {
        "subject": "Una pregunta",
        "text": f"¿Cómo se hace? ({number})",
        "name": "Cliente de Prueba",
        "email": f"{uuid4().hex[:12]}@example.test",
    }
    return Form("/en/contact/contracts", fields, client)


def _cancellation(customer: Customer, client: str) -> Form:
    fields = {
        "contract": customer.number,
        "destruction": "yes",
        "name": "Cliente de Prueba",
        "email": f"{customer.id.lower()}@example.test",
        "act": "send",
    }
    return Form("/en/cancel", fields, client, customer.number, customer.session)


async def load(portals: Portals, form: Form) -> None:
    """Until the form is shown."""
    while True:
        page = await portals.ask(form, form.path)
        if page is not None and page.status_code == 200:
            break
        await asyncio.sleep(AGAIN_AFTER_S)
    form.cookie = page.cookies.get(COOKIE) or form.cookie
    form.ticket = TICKET.findall(page.text)[-1]


async def send(portals: Portals, form: Form, *, gives_up: bool) -> None:
    """Twice at once, and again until a page confirms it, unless the customer gives up."""
    await load(portals, form)
    data = {**form.fields, "ticket": form.ticket}
    while True:
        clicks = [portals.ask(form, form.path, data) for _ in range(2)]
        answers = [it for it in await asyncio.gather(*clicks) if it is not None]
        form.confirmed = [*map(form.is_answered, answers)].count(True) > 0
        if form.confirmed or gives_up:
            break
        await asyncio.sleep(AGAIN_AFTER_S)
    if form.confirmed:
        await look(portals, form)
        again = await portals.ask(form, form.path, data)
        if again is not None:
            form.is_answered(again)


async def look(portals: Portals, form: Form) -> str:
    """The page of what was sent, as it is now; empty if it cannot be shown or does not exist."""
    answer = await portals.ask(form, f"/en/sent/{form.id}")
    if answer is None or answer.status_code >= 500:
        return ""
    if answer.status_code == 200:
        form.look(answer.text)
        return answer.text
    if form.confirmed:
        form.faults.append(f"the page of {form.id} is {answer.status_code}")
    return ""


def expect(form: Form, injected: Injected) -> None:
    """It counts from now on, once."""
    kind = workload.CANCEL if form.contract else workload.QUESTION
    injected.expected.mails[form.inquiry_id] = MAILS[kind]
    injected.expected.submissions += 1
    if form.contract:
        injected.expected.courses[form.contract] = COURSE[:1]


async def settle(portals: Portals, injected: Injected, sent: Sequence[Form]) -> None:
    """Until each page has said its last; then the pages are held against the topics."""
    patience = Patience(STALLED_S)
    waiting = [form for form in sent if form.confirmed]
    while waiting and not patience.is_over([(form.id, form.stage) for form in waiting]):
        shown = [(form, await look(portals, form)) for form in waiting]
        waiting = [form for form, page in shown if not _is_final(form, page)]
        await asyncio.sleep(AGAIN_AFTER_S)
    found = injected.findings
    found.lost += [f"the page of {form.id} waits at {form.stage}" for form in waiting]
    for form in sent:
        await _compare(portals, injected, form)
        found.doubled += form.faults


def _is_final(form: Form, page: str) -> bool:
    return form.stage == len(SAYS) - 1 and UNDECIDED not in page


async def _compare(portals: Portals, injected: Injected, form: Form) -> None:
    opened = injected.seen.references.get(form.inquiry_id)
    page = await look(portals, form)
    if not form.confirmed:
        if not page and opened is not None:
            form.faults.append(f"{form.id} has an inquiry and no page")
        if page:
            expect(form, injected)
        return
    shown = REFERENCE.search(page)
    if shown is None or shown[1] != opened:
        form.faults.append(f"the page of {form.id} does not say {opened}")


Death = Callable[[Machine, Injected], Awaitable[None]]


async def portal_after(step: str, machine: Machine, _injected: Injected) -> None:
    """The process that takes the next form dies after a step of it."""
    order = machine.order(PORTAL, step)
    async with asyncio.timeout(OBEYED_WITHIN_S):
        while order.exists():
            await asyncio.sleep(0.02)


async def portals_at_once(machine: Machine, _injected: Injected) -> None:
    for number in PORTALS:
        machine.more[f"{PORTAL}-{number}"].kill()


async def broker(machine: Machine, _injected: Injected) -> None:
    machine.kafka.child.kill()
    await asyncio.sleep(2)
    await machine.kafka.start()


async def database(machine: Machine, _injected: Injected) -> None:
    machine.database.kill()
    await asyncio.sleep(2)
    await machine.start_database()


async def service(name: str, machine: Machine, _injected: Injected) -> None:
    kill_group(machine.pid_of(name))


DEATHS: Mapping[str, Sequence[Death]] = {
    "portal kill -9": (*(partial(portal_after, step) for step in PORTAL_STEPS), portals_at_once),
    "broker kill -9": (broker,),
    "database kill -9": (database,),
    "service kill -9": tuple(partial(service, name) for name in SERVICES),
}
"""By what dies, the ways in which it does; a short run takes the first of each."""


async def forms_sent_while(deaths: Sequence[Death], machine: Machine, injected: Injected) -> None:
    """Forms come in, one a second, until all have died; then every page is looked at."""
    registered = await customers(machine, injected.channel)
    async with portals(machine) as running:
        await until_known(registered, running)
        source = forms(registered)
        sent: list[Form] = []
        sending: set[asyncio.Task[None]] = set()
        dying = asyncio.create_task(_die(deaths, machine, injected, running))
        while not dying.done():
            sent.append(next(source))
            gives_up = len(sent) % GIVE_UP_EVERY == 0
            sending.add(asyncio.create_task(send(running, sent[-1], gives_up=gives_up)))
            await asyncio.sleep(BETWEEN_FORMS_S)
        await dying
        await asyncio.gather(*sending)
        for form in sent:
            if form.confirmed:
                expect(form, injected)
        await settle(running, injected, sent)


async def _die(
    deaths: Sequence[Death], machine: Machine, injected: Injected, portals: Portals
) -> None:
    await asyncio.sleep(BETWEEN_DEATHS_S)
    for death in deaths:
        await death(machine, injected)
        injected.note()
        await machine.healthy()
        await portals.healthy()
        await asyncio.sleep(BETWEEN_DEATHS_S)


def scenarios(scale: Scale) -> Sequence[Scenario]:
    """One for each that dies, in all ways; or one for all together, each in one way."""
    name = "forms sent while:"
    if scale.equals_apart:
        return [
            Scenario(f"{name} {what}", partial(forms_sent_while, deaths))
            for what, deaths in DEATHS.items()
        ]
    deaths = [ways[0] for ways in DEATHS.values()]
    return [Scenario(f"{name} {', '.join(DEATHS)}", partial(forms_sent_while, deaths), pace=PACE)]
