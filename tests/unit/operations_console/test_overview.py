"""The overview: counts that lead to what is counted, and how far each service is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
import pytest

from services.operations_console import overview
from services.operations_console.overview import Overview, Seen
from services.operations_console.owners import Owners
from services.operations_console.settings import Settings
from shared.events.topics import SERVICES
from shared.operations.flow import Flow, ServiceLag, TopicFlow
from shared.operations.open_work import OpenWork, Waiting, WorkGroup
from shared.operations.service_client import NotAdmitted, ServiceClient, ServiceError
from shared.runtime.operations.answers import HealthAnswer
from shared.web.sessions import Role
from tests.builders.console import NOW, ConsoleOfFew, console_of_few
from tests.builders.portal import Browser
from tests.unit.customer_portal.test_weight import MOST_BYTES, weight_of

OVERVIEW, LIVE = "/es/panorama", "/es/panorama/en-vivo"
HOURS = timedelta(hours=1)


@pytest.fixture
async def console() -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        yield console


async def browser_of(console: ConsoleOfFew, *roles: Role) -> Browser:
    return await console.signed_in(await console.account("-".join(roles), *roles))


def flow(behind: int = 0, seconds: float | None = None) -> Flow:
    topics = [TopicFlow("desk.submissions", 12, 2.5), TopicFlow("desk.inquiries", 7, 0.5)]
    lag = ServiceLag("inquiry_intake", "desk.submissions", behind, None, seconds)
    return Flow(NOW, topics, [lag])


def work(*groups: WorkGroup, silent: tuple[str, ...] = ()) -> OpenWork:
    return OpenWork(groups, [ServiceError(it, "does not answer") for it in silent])


async def test_each_group_is_shown_with_its_count_and_since_when(console: ConsoleOfFew) -> None:
    overdue = WorkGroup(Waiting.OVERDUE, 3, NOW - 5 * HOURS, "INQ-1")
    letters = WorkGroup(Waiting.DEAD_LETTERS, 10_000, NOW - 30 * HOURS, "0-1", at_least=True)
    console.overview.last = Seen(NOW, flow(), work(overdue, letters))

    page = await (await browser_of(console, Role.READER)).get(OVERVIEW)

    assert '<b class="number">3</b>' in page.body
    assert "el más antiguo, desde hace 5 horas" in page.body
    assert '<b class="number">10000+</b>' in page.body
    assert 44_000 < weight_of(page.body) <= MOST_BYTES


async def test_a_services_lag_is_shown_in_records_and_in_time(console: ConsoleOfFew) -> None:
    console.overview.last = Seen(NOW, flow(42, 90.0), work())

    page = await (await browser_of(console, Role.READER)).get("/en/overview")

    assert "behind by 42 · 1 minute" in page.body
    assert "2.5/s" in page.body
    assert page.body.count("up to date") == 3


async def test_what_could_not_be_read_is_said_and_the_rest_is_shown(console: ConsoleOfFew) -> None:
    reader = await browser_of(console, Role.READER)
    console.overview.last = Seen(NOW, None, work(silent=("cancellation",)))
    without_broker = await reader.get(OVERVIEW)
    console.overview.last = Seen(NOW, flow(), None)
    without_work = await reader.get(OVERVIEW)

    assert "cancellation no contesta" in without_broker.body
    assert "El bróker no contesta a tiempo" in without_broker.body
    assert "No se ha podido leer a tiempo qué espera" in without_work.body
    assert "desk.submissions" in without_work.body


async def test_a_service_that_does_not_answer_is_told_from_one_that_was_not_asked(
    console: ConsoleOfFew,
) -> None:
    reader = await browser_of(console, Role.READER)
    console.overview.last = Seen(NOW, flow(), work(silent=("notification",)))
    asked = (await reader.get("/en/overview")).body
    console.overview.last = Seen(NOW, flow(), None)
    unasked = (await reader.get("/en/overview")).body

    assert (asked.count(">answers<"), asked.count(">does not answer<")) == (3, 1)
    assert unasked.count(">not asked<") == 4


async def test_one_that_asks_for_another_credential_answers_and_says_so(
    console: ConsoleOfFew,
) -> None:
    said = NotAdmitted("notification", "asks for another credential")
    console.overview.last = Seen(NOW, flow(), OpenWork((), [said]))

    page = (await (await browser_of(console, Role.READER)).get("/en/overview")).body

    assert "notification asks for another credential than the console has" in page
    assert ">does not answer<" not in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("/en/overview", ("notification is degraded", "the mail server, since", ">degraded<")),
        (OVERVIEW, ("notification no puede", "el servidor de correo, desde", ">con limitaciones<")),
    ],
)
async def test_a_degraded_service_is_named_with_what_it_lacks_and_since_when(
    console: ConsoleOfFew, language: str, words: tuple[str, ...]
) -> None:
    away = {"smtp": NOW - HOURS}
    told = HealthAnswer(service="notification", status="degraded", away=away)
    well = HealthAnswer(service="cancellation", status="ok", away={})
    health = {"notification": told, "cancellation": well}
    console.overview.last = Seen(NOW, flow(), work(), health)

    page = (await (await browser_of(console, Role.READER)).get(language)).body

    assert all(it in page for it in words)
    assert "10:00" in page[page.index(words[1]) :][:80]
    assert page.count(">answers<" if language == "/en/overview" else ">contesta<") == 3


async def test_one_without_its_database_is_degraded_and_not_called_silent(
    console: ConsoleOfFew,
) -> None:
    told = HealthAnswer(service="cancellation", status="degraded", away={"mongodb": NOW})
    seen = Seen(NOW, flow(), work(silent=("cancellation",)), {"cancellation": told})
    console.overview.last = seen

    page = (await (await browser_of(console, Role.READER)).get("/en/overview")).body

    assert "cancellation cannot say now what waits for it" in page
    assert "does not answer" not in page
    assert page.count(">up to date<") == 4


async def test_a_service_that_does_not_say_how_it_is_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = HealthAnswer(service="cancellation", status="degraded", away={"mongodb": NOW})

    async def answered(request: httpx2.Request) -> httpx2.Response:
        match request.url.host:
            case "cancellation":
                return httpx2.Response(200, text=told.model_dump_json())
            case "notification":
                await asyncio.Event().wait()
        return httpx2.Response(404, json={"faults": []})  # an earlier release

    @asynccontextmanager
    async def asked(_owners: Owners) -> AsyncIterator[dict[str, ServiceClient]]:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answered)) as http:
            yield {it: ServiceClient(it, f"http://{it}", http) for it in SERVICES}

    monkeypatch.setattr(Owners, "asked", asked)
    monkeypatch.setattr(overview, "TOLD_WITHIN_S", 0.05)

    assert await overview._health(Settings()) == {"cancellation": told}


async def test_a_dependency_without_words_is_shown_by_its_name(console: ConsoleOfFew) -> None:
    told = HealthAnswer(service="cancellation", status="degraded", away={"flux": NOW})
    console.overview.last = Seen(NOW, flow(), work(), {"cancellation": told})

    assert (
        "flux, since" in (await (await browser_of(console, Role.READER)).get("/en/overview")).body
    )


async def test_who_does_not_answer_is_not_called_up_to_date(console: ConsoleOfFew) -> None:
    reader = await browser_of(console, Role.READER)
    console.overview.last = Seen(NOW, flow(), work())
    before = (await reader.get("/en/overview")).body.count(">up to date<")
    console.overview.last = Seen(NOW, flow(), work(silent=("notification",)))
    after = (await reader.get("/en/overview")).body.count(">up to date<")

    assert (before, after) == (4, 3)


async def test_a_mail_that_is_tried_again_says_when(console: ConsoleOfFew) -> None:
    later = WorkGroup(Waiting.UNSENT, 2, NOW + timedelta(minutes=1), "notification n-1")
    console.overview.last = Seen(NOW, flow(), work(later))

    page = (await (await browser_of(console, Role.READER)).get("/en/overview")).body

    assert "tried again in 1 minute" in page


async def test_the_live_part_shows_the_same_to_those_who_are_signed_in(
    console: ConsoleOfFew,
) -> None:
    console.overview.last = Seen(NOW, flow(7, 1.0), work())
    reader = await browser_of(console, Role.READER)

    whole = await reader.get(OVERVIEW)
    stream = asyncio.create_task(reader.get(LIVE))
    while console.overview.times < 2:
        await asyncio.sleep(0)
    console.process.stopping.set()
    part = await stream

    assert "7 por leer" in whole.body
    assert "7 por leer" in part.body
    assert (await console.browser.get(LIVE)).body == "event: done\ndata:\n\n"


async def test_several_who_ask_at_once_wait_for_one_look() -> None:
    looks, now = 0, NOW

    async def look() -> Seen:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return Seen(now, None, None)

    kept = Overview(look, timedelta(seconds=10), lambda: now)
    await asyncio.gather(*(kept.seen() for _ in range(5)))
    assert looks == 1

    now += timedelta(seconds=9)
    await kept.seen()
    assert looks == 1

    now += timedelta(seconds=1)
    assert (await kept.seen()).at == now
    assert looks == 2


async def test_those_who_wait_for_a_look_that_takes_long_share_it() -> None:
    clock, looks = [NOW], 0

    async def look() -> Seen:
        nonlocal looks
        looks += 1
        began = clock[0]
        await asyncio.sleep(0)
        clock[0] += timedelta(seconds=20)  # a broker that hangs
        return Seen(began, None, None)

    kept = Overview(look, timedelta(seconds=10), lambda: clock[0])
    await asyncio.gather(*(kept.seen() for _ in range(50)))
    assert looks == 1

    clock[0] += timedelta(seconds=10)
    await kept.seen()
    assert looks == 2
