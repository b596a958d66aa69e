"""Topics, messages and one record: masked until somebody says why, and that is written down."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import urlencode

import pytest

from services.operations_console import records as records_module
from services.operations_console.overview import Seen
from services.operations_console.pages.messages import UNMASKED_BY_ONE
from services.operations_console.records import TAILS_AT_ONCE, Records, Tail
from services.operations_console.settings import Settings
from shared.events.values import Language
from shared.kafka.records import RecordPosition
from shared.operations.decoded_record import DecodedRecord
from shared.operations.errors import MissingTopics
from shared.operations.flow import Flow, ServiceLag, TopicFlow
from shared.operations.tail import Wanted
from shared.outage import Outage
from shared.web.rate_limits import TooMany
from shared.web.sessions import Role
from tests.builders.console import NOW, ConsoleOfFew, console_of_few
from tests.builders.portal import Browser

TOPICS = "/es/temas"
MESSAGES = f"{TOPICS}/desk.submissions"
RECORD = f"{MESSAGES}/3-1042"
SECRETS = ("Ana Pérez", "ana@example.test", "El secreto de Ana")
SECRET = {
    "customer_id": "C-1",
    "request_type": "contracts",
    "subject": SECRETS[2],
    "text": SECRETS[2],
    "contact": {"name": SECRETS[0], "email": SECRETS[1]},
}
WHY = "pregunta por teléfono"


def record(offset: int = 1042, **more: Any) -> DecodedRecord:
    told = DecodedRecord(
        RecordPosition("desk.submissions", 3, offset),
        NOW + timedelta(seconds=offset),
        "submission.inquiry.v1",
        f"s-{offset}",
        "/channels/web",
        "",
        "",
        "C-1",
        SECRET,
        100,
    )
    return replace(told, **more)


@pytest.fixture
async def console() -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        console.topics.records = [record(1041), record()]
        yield console


async def signed_in(console: ConsoleOfFew, *roles: Role) -> Browser:
    return await console.signed_in(await console.account("luis", *roles))


@pytest.fixture
async def reader(console: ConsoleOfFew) -> Browser:
    return await signed_in(console, Role.READER)


@pytest.fixture
async def agent(console: ConsoleOfFew) -> Browser:
    return await signed_in(console, Role.AGENT)


def secrets_in(text: str) -> list[str]:
    return [it for it in SECRETS if it in text]


# Unmasking


async def test_a_record_is_masked_and_a_reader_is_not_asked_for_a_reason(
    console: ConsoleOfFew, reader: Browser
) -> None:
    answer = await reader.get(RECORD)
    sent = await reader.post(RECORD, {"ticket": answer.ticket, "why": WHY})

    assert answer.status == 200
    assert "s-1042" in answer.body
    assert 'name="why"' not in answer.body
    assert secrets_in(answer.body) == []
    assert sent.status == 403
    assert secrets_in(sent.body) == []
    assert console.publisher.published == []


async def test_with_a_reason_that_is_written_down_first_an_agent_sees_all_of_it(
    console: ConsoleOfFew, agent: Browser
) -> None:
    before = await agent.get(RECORD)

    answer = await agent.post(RECORD, {"ticket": before.ticket, "why": f" {WHY} "})

    assert secrets_in(before.body) == []
    assert (answer.status, secrets_in(answer.body)) == (200, [*SECRETS])
    [act] = console.publisher.published
    assert (act.topic, act.key, act.type) == (
        "desk.operations",
        "desk.submissions/3/1042",
        "record.unmasked.v1",
    )
    assert json.loads(act.value) == {
        "thing": "desk.submissions/3/1042",
        "by": "luis",
        "at": "2026-11-27T10:00:00Z",
        "why": WHY,
        "topic": "desk.submissions",
        "partition": 3,
        "offset": 1042,
        "message_id": "/channels/web s-1042",
    }
    again = await agent.post(RECORD, {"ticket": before.ticket, "why": WHY})
    assert again.status == 200
    ids = {dict(it.headers)["ce_id"] for it in console.publisher.published}
    assert len(ids) == 1, "a form that is sent twice is one act"


async def test_what_could_not_be_written_down_is_not_shown(
    console: ConsoleOfFew, agent: Browser
) -> None:
    ticket = (await agent.get(RECORD)).ticket
    console.publisher.away = True

    answer = await agent.post(RECORD, {"ticket": ticket, "why": WHY})

    assert (answer.status, secrets_in(answer.body)) == (503, [])


async def test_what_a_stranger_called_a_record_is_not_written_into_the_audit(
    console: ConsoleOfFew, agent: Browser
) -> None:
    console.topics.records = [record(source=f"/{SECRETS[0]}", id="x\x1b[2J" * 30_000)]
    ticket = (await agent.get(RECORD)).ticket

    answer = await agent.post(RECORD, {"ticket": ticket, "why": WHY})

    assert answer.status == 200
    [written] = console.publisher.published
    assert SECRETS[0] not in written.value.decode()
    assert len(written.value) < 1_000


@pytest.mark.parametrize("why", ["", " \u200b ", "x" * 501])
async def test_without_a_sound_reason_nothing_is_written_or_shown(
    console: ConsoleOfFew, agent: Browser, why: str
) -> None:
    ticket = (await agent.get(RECORD)).ticket

    answer = await agent.post(RECORD, {"ticket": ticket, "why": why})

    assert (answer.status, secrets_in(answer.body)) == (422, [])
    assert console.publisher.published == []


async def test_one_person_unmasks_no_more_than_so_many_records_a_minute(
    console: ConsoleOfFew, agent: Browser
) -> None:
    ticket = (await agent.get(RECORD)).ticket
    most = UNMASKED_BY_ONE.amount

    answers = [await agent.post(RECORD, {"ticket": ticket, "why": WHY}) for _ in range(most + 1)]

    assert [it.status for it in answers] == [200] * most + [429]
    assert secrets_in(answers[-1].body) == []
    assert len(console.publisher.published) == most


async def test_a_record_that_the_topic_has_no_more_is_said_to_be_gone(
    console: ConsoleOfFew, agent: Browser
) -> None:
    answer = await agent.get(f"{MESSAGES}/3-7")
    sent = await agent.post(
        f"{MESSAGES}/3-7", {"ticket": (await agent.get(RECORD)).ticket, "why": WHY}
    )

    for it in (answer, sent):
        assert it.status == 404
        assert "ya no lo tiene" in it.body
    assert console.publisher.published == []


@pytest.mark.parametrize(
    "place", ["x", "3", "3-", "-1", "3-x", "²-1", "9999999-1", "3-1" + "0" * 30]
)
async def test_what_is_no_place_is_not_found(agent: Browser, place: str) -> None:
    assert (await agent.get(f"{MESSAGES}/{place}")).status == 404
    assert (await agent.get(f"{TOPICS}/desk.other/3-1042")).status == 404


# Messages


async def test_the_newest_messages_of_a_topic_are_shown_masked_each_with_a_way_to_it(
    reader: Browser,
) -> None:
    answer = await reader.get(MESSAGES)

    assert answer.status == 200
    assert secrets_in(answer.body) == []
    assert answer.body.index(f'href="{RECORD}"') < answer.body.index(f'href="{MESSAGES}/3-1041"')
    assert f'hx-sse:connect="{MESSAGES}/en-vivo"' in answer.body


async def test_messages_are_chosen_by_type_and_any_id_from_a_time_or_an_offset(
    console: ConsoleOfFew, reader: Browser
) -> None:
    query = {"type": "submission.inquiry.v1", "id": "s-1041"}
    newest = await reader.get(f"{MESSAGES}?{urlencode(query)}")
    since = await reader.get(f"{MESSAGES}?{urlencode({'since': '2026-11-27T09:30'})}")
    await reader.get(f"{MESSAGES}?{urlencode({'partition': '3', 'offset': '7'})}")

    assert "s-1041" in newest.body
    assert f'href="{RECORD}"' not in newest.body
    assert "hx-sse" not in since.body
    windows = [window for _, _, window in console.topics.asked]
    assert windows[0] is None
    assert windows[1] is not None
    assert windows[1].since == datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
    assert windows[2] is not None
    assert (windows[2].partition, windows[2].first) == (3, 7)


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"since": "0001-01-01T00:00"},
        {"offset": "7"},
        {"partition": "x"},
        {"partition": "3", "offset": "-7"},
        {"id": "ana@example.test"},
    ],
)
async def test_a_faulty_choice_is_named_and_nothing_is_read(
    console: ConsoleOfFew, reader: Browser, query: dict[str, str]
) -> None:
    answer = await reader.get(f"{MESSAGES}?{urlencode(query)}")

    assert answer.status == 422
    assert 'aria-invalid="true"' in answer.body
    assert console.topics.asked == []


async def test_what_was_not_read_in_time_is_said(console: ConsoleOfFew, reader: Browser) -> None:
    console.topics.complete = False

    assert "no hubo tiempo o sitio" in (await reader.get(MESSAGES)).body


async def test_a_tail_has_the_newest_first_and_wakes_who_shows_it(console: ConsoleOfFew) -> None:
    tail = Tail(cast(Any, console.process.console.records), "desk.submissions", Wanted())

    with tail.of() as came:
        await asyncio.wait_for(came.wait(), 30)
        while len(tail.shown) < 2:
            came.clear()
            await asyncio.wait_for(came.wait(), 30)

    assert [it.place.offset for it in tail.shown] == [1042, 1041]


async def test_all_who_look_at_the_same_share_a_reader_and_some_others_have_one() -> None:
    records, read = Records(Settings()), 0

    async def coming(*_about: object, **_window: object) -> AsyncIterator[DecodedRecord]:
        nonlocal read
        read += 1
        yield record()
        await asyncio.Event().wait()

    with contextlib.ExitStack() as looking, patch.object(records_module, "tail", coming):
        for _ in range(50):
            events = [
                looking.enter_context(records.tail("desk.submissions", Wanted((it,))).of())
                for it in ("a", "b")
            ]
        await asyncio.wait_for(events[1].wait(), 30)
        assert read == 2
        for number in range(TAILS_AT_ONCE - 2):
            looking.enter_context(records.tail("desk.contracts", Wanted((str(number),))).of())
        with pytest.raises(TooMany):
            records.tail("desk.orders", Wanted())
        assert records.tail("desk.submissions", Wanted(("a",))).shown
    records.tail("desk.orders", Wanted())


async def test_a_tail_of_a_topic_that_is_gone_ends(console: ConsoleOfFew) -> None:
    async def gone(*_about: object, **_window: object) -> AsyncIterator[DecodedRecord]:
        raise MissingTopics(["desk.contracts"], "broker:9092")
        yield record()

    with patch.object(records_module, "tail", gone):
        tail = Records(Settings()).tail("desk.contracts", Wanted())
        with tail.of() as came:
            await asyncio.wait_for(came.wait(), 30)
            with pytest.raises(Outage):
                _ = tail.shown


async def test_the_next_page_continues_in_each_partition_where_this_one_ends(
    console: ConsoleOfFew, reader: Browser
) -> None:
    other = record(7, place=RecordPosition("desk.submissions", 0, 7), at=NOW)
    console.topics.records = [record(1041, at=NOW), record(at=NOW), other]

    first = await reader.get(f"{MESSAGES}?since=2026-11-27T09:30&id=C-1")
    address = "?id=C-1&amp;since=2026-11-27T09%3A30&amp;after=0-8.3-1043"
    assert address in first.body, "they have one instant, and that is no place to continue from"
    await reader.get(MESSAGES + address.replace("&amp;", "&"))
    nonsense = await reader.get(f"{MESSAGES}?since=2026-11-27T09:30&after=x-1.{'1-1.' * 600}")

    windows = [window for _, _, window in console.topics.asked if window]
    behind = {("desk.submissions", 0): 8, ("desk.submissions", 3): 1043}
    assert [it.done for it in windows] == [{}, behind, {}]
    assert nonsense.status == 200


# What a stranger writes


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("cancellation.suspended.v1", {"explanation": {"x": 1}}),
    ("submission.rejected.v1", {"errors": [1, {}]}),
    ("inquiry.opened.v1", {"opened_at": "0001-01-01T00:00:00+00:00", "note": [1]}),
]


@pytest.mark.parametrize(("ce_type", "data"), HOSTILE)
async def test_a_record_that_only_says_what_it_is_keeps_no_page_from_the_others(
    console: ConsoleOfFew, reader: Browser, ce_type: str, data: dict[str, Any]
) -> None:
    console.topics.records.append(record(9, type=ce_type, data=data))

    for path in (MESSAGES, f"{MESSAGES}/3-9"):
        assert (await reader.get(path)).status == 200


async def test_long_records_make_no_long_page(console: ConsoleOfFew, reader: Browser) -> None:
    deep: Any = [1] * 30_000
    for _ in range(180):
        deep = [deep]
    long = [{"contact": [{"name": None}] * 17_000}, {f"f{n}": 1 for n in range(20_000)}]
    more = [{"contact": {"x": deep}}, {"customer_id": "C" * 200_000}]
    console.topics.records = [record(n, data=it) for n, it in enumerate(long + more)]

    page = await reader.get(MESSAGES)
    alone = await reader.get(f"{MESSAGES}/3-0")

    assert len(page.body) < 60_000
    assert page.body.count("la página del registro muestra más") == 4
    assert len(alone.body) < 1_500_000
    assert "demasiado largo para una página" in alone.body


async def test_what_steers_reorders_or_hides_is_shown_as_it_was_written(
    console: ConsoleOfFew, agent: Browser
) -> None:
    steering = ["\u202e", "\u2066", "\x9b", "\u200b", "\u2028", "\U000e0041"]
    hostile = f"a{''.join(steering)}b"
    data = SECRET | {"subject": hostile, f"x{hostile}": "y"}
    console.topics.records = [record(data=data, id=hostile, key=hostile, fault=hostile)]
    ticket = (await agent.get(RECORD)).ticket

    unmasked = await agent.post(RECORD, {"ticket": ticket, "why": WHY})
    refused = await agent.get(f"{MESSAGES}?{urlencode({'id': hostile, 'offset': 'x'})}")

    assert unmasked.status == 200
    assert [it for it in steering if it in unmasked.body] == []
    assert unmasked.body.count(r"a\u202e\u2066\u009b\u200b\u2028\udb40\udc41b") == 5
    assert hostile in refused.body, "what a form sends back stays as it is"


async def test_an_unmasked_id_that_is_none_leads_to_no_address(
    console: ConsoleOfFew, agent: Browser
) -> None:
    console.topics.records = [record(id="Ana Pérez 600", correlation_id="s-1")]
    ticket = (await agent.get(RECORD)).ticket

    answer = await agent.post(RECORD, {"ticket": ticket, "why": WHY})

    assert "q=Ana" not in answer.body
    assert "q=s-1" in answer.body


# Topics


@pytest.mark.parametrize("language", list(Language))
async def test_topics_have_their_rates_and_who_is_behind_on_them(
    console: ConsoleOfFew, reader: Browser, language: Language
) -> None:
    lag = ServiceLag("inquiry_intake", "desk.submissions", 12, NOW, 90.0)
    done = replace(lag, service="cancellation", records=0)
    flow = Flow(NOW, [TopicFlow("desk.submissions", 1_000, 2.5)], [lag, done])
    console.overview.last = Seen(NOW, flow, None)

    answer = await reader.get(f"/{language}/{'temas' if language is Language.ES else 'topics'}")

    assert "inquiry_intake: 12 · 1 minut" in answer.body
    assert "2.5" in answer.body
    assert "cancellation" not in answer.body


async def test_topics_say_when_the_broker_does_not_answer(reader: Browser) -> None:
    assert 'role="alert"' in (await reader.get(TOPICS)).body
