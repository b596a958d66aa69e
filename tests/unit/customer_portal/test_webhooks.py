"""Webhooks: what is told to whom, when it is tried again, and where it may not go."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpcore2
import pytest
from standardwebhooks import Webhook

from services.customer_portal.api.partners import Partner, Scope
from services.customer_portal.api.webhooks import payload
from services.customer_portal.api.webhooks.addresses import (
    CheckedBackend,
    NotPublic,
    is_allowed,
    is_public,
)
from services.customer_portal.api.webhooks.feed import KNOWN_WITHIN_SECONDS, Feed
from services.customer_portal.api.webhooks.schedule import (
    PAUSES,
    AttemptResult,
    DeliveryState,
    Disabled,
    after,
)
from services.customer_portal.api.webhooks.sender import Poster, WebhookSender
from services.customer_portal.api.webhooks.signature import headers_of, new_secret
from services.customer_portal.api.webhooks.store import LEASE
from shared.events.field_classes import FieldClass, class_of, fields_of, nested_in
from shared.events.topics import EVENT_TYPES, PORTAL
from shared.kafka.records import LOG_APPEND_TIME, Record
from shared.outage import Outage
from shared.runtime import codec
from tests.builders.portal import NOW, PortalOfFew, System, portal_of_few
from tests.builders.traces import (
    SAMPLED,
    SENDERS,
    TRACE,
    attributes_of,
    parent_of,
    said_by,
    trace_of,
    traced,
)
from tests.fakes.documents_suite import Clock

HOOK = "https://hooks.example.com/in"
DEAD = [f"https://dead-{number}.example/" for number in range(3)]
WEBHOOKS = "services.customer_portal.api.webhooks"
GIVE_UP = timedelta(days=5)
GOOD, BAD, GONE = (
    AttemptResult(status=204),
    AttemptResult(error="timeout"),
    AttemptResult(status=410),
)


# What follows from an attempt


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_any_2xx_is_delivered_and_ends_the_failing(status: int) -> None:
    then = after(AttemptResult(status=status), 3, NOW - timedelta(days=4), NOW, GIVE_UP)

    assert (then.state, then.failing_since, then.disabled) == (DeliveryState.DELIVERED, None, None)


@pytest.mark.parametrize("status", [101, 301, 302, 307, 400, 401, 404, 429, 500, 503])
def test_anything_else_is_tried_again(status: int) -> None:
    then = after(AttemptResult(status=status), 1, None, NOW, GIVE_UP)

    assert then.state is DeliveryState.WAITING
    assert then.due_at == NOW + timedelta(seconds=5)
    assert then.failing_since == NOW


def test_the_pauses_are_the_standards_and_then_it_is_given_up() -> None:
    due = [after(BAD, tries, NOW, NOW, GIVE_UP).due_at for tries in range(1, 11)]

    hours = [it.total_seconds() / 3600 for it in PAUSES[3:]]
    assert [at - NOW for at in due[:3] if at] == [
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
    ]
    assert hours == [2, 5, 10, 14, 20, 24]
    assert due[9] is None
    assert after(BAD, 10, NOW, NOW, GIVE_UP).state is DeliveryState.FAILED


def test_a_webhook_that_fails_for_days_or_is_gone_is_disabled_and_what_waits_is_held() -> None:
    tired = after(BAD, 2, NOW - GIVE_UP, NOW, GIVE_UP)
    almost = after(BAD, 2, NOW - GIVE_UP + timedelta(seconds=1), NOW, GIVE_UP)
    gone = after(GONE, 1, None, NOW, GIVE_UP)

    assert (tired.state, tired.disabled) == (DeliveryState.HELD, Disabled.FAILING)
    assert almost.disabled is None
    assert (gone.state, gone.disabled) == (DeliveryState.HELD, Disabled.GONE)


# Signatures


def test_a_signature_is_one_that_others_accept_and_changes_with_each_part() -> None:
    secret, body, now = new_secret(), b'{"type":"x"}', datetime.now(UTC)
    headers = headers_of(secret, "msg_1", now, body)

    Webhook(secret).verify(body, headers)
    for other in (headers | {"webhook-id": "msg_2"}, headers_of(new_secret(), "msg_1", now, body)):
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(secret).verify(body, other)


# Addresses


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::7f00:1", False),
        ("64:ff9b:1:fffe::a9fe:a9fe", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("fec0::1", False),
        ("5f00::1", False),
        ("3fff::1", False),
        ("192.0.0.9", False),
        ("192.88.99.1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),
        ("elsewhere", False),
    ],
)
def test_only_addresses_of_the_internet_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (HOOK, True),
        ("https://hooks.example.com:8443/in?a=b", True),
        ("https://[2606:4700::1]/in", True),
        ("http://hooks.example.com/in", False),
        ("https://127.0.0.1/in", False),
        ("https://[::1]/in", False),
        ("https://user:secret@hooks.example.com/in", False),
        ("https://hooks.example.com/in#part", False),
        ("https://hooks.example.com\\@127.0.0.1/", False),
        ("https://hooks.example.com/\r\nx: y", False),
        ("https://hooks.example.com:99999/", False),
        ("https:///in", False),
        ("ftp://hooks.example.com/in", False),
        ("file:///etc/passwd", False),
        ("//hooks.example.com/in", False),
        ("https://hooks.example.com/" + "x" * 2000, False),
    ],
)
def test_a_webhook_is_a_public_https_address(url: str, allowed: bool) -> None:
    assert is_allowed(url, anywhere=False) is allowed


def test_an_embedded_desk_takes_this_machines_addresses_and_no_other_schemes() -> None:
    assert is_allowed("http://127.0.0.1:9999/hook", anywhere=True)
    assert not is_allowed("file:///etc/passwd", anywhere=True)


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], []], ids=["private", "mixed", "none"]
)
async def test_a_name_that_leads_to_a_private_address_is_refused_when_connecting(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(_host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (it, port)) for it in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)

    with pytest.raises(NotPublic):
        await CheckedBackend(anywhere=False).connect_tcp("hooks.example.com", 443)
    poster = Poster(anywhere=False)
    assert await poster(HOOK, {}, b"{}") == AttemptResult(error="address_not_allowed")
    await poster.close()


async def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that is asked for again could lead elsewhere."""
    looked: list[str] = []
    connected: list[str] = []

    def resolved(host: str, port: int, **_: object) -> list[Any]:
        looked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]

    async def connect(_self: object, host: str, *_: object) -> Any:
        connected.append(host)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    poster = Poster(anywhere=False)

    assert await poster(HOOK, {}, b"{}") == AttemptResult(error="not_reached")

    await poster.close()
    assert (looked, connected) == (["hooks.example.com"], ["93.184.215.14"])


async def test_a_name_server_that_does_not_answer_holds_up_no_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pages make their PDFs in the loop's threads."""
    answers = threading.Event()

    def resolved(*_: object, **__: object) -> list[Any]:
        answers.wait(30)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    poster = Poster(anywhere=False)
    waiting = asyncio.create_task(poster(HOOK, {}, b"{}"))
    await asyncio.sleep(0)

    made = await asyncio.wait_for(asyncio.to_thread(lambda: "a PDF"), 20)
    is_waiting = not waiting.done()

    answers.set()
    assert (made, is_waiting) == ("a PDF", True)
    assert await waiting == AttemptResult(error="address_not_allowed")
    await poster.close()


# What is told, and to whom


def event(ce_type: str, **fields: Any) -> Any:
    shape: dict[str, Any] = json.loads(GOLDEN[ce_type]) | fields
    return EVENT_TYPES[ce_type].model_validate(shape)


OPENED = {
    "inquiry_id": "i-1",
    "submission_id": "s-1",
    "submission_source": "/services/customer_portal",
    "reference": "INQ-1",
    "kind": "inquiry",
    "customer_id": "C-ANA",
    "channel": "web",
    "subject": "Mi secreto",
    "queue": "contracts",
    "opened_at": "2026-11-27T10:00:00Z",
    "answer_due_at": "2026-11-27T12:00:00Z",
    "contact": {"name": "Ana Secreta", "email": "secreta@example.test"},
    "language": "es",
    "contract_numbers": ["K-1"],
    "details": [{"field": "text", "value": "Mi secreto"}],
}
PROGRESSED = {
    "inquiry_id": "i-1",
    "status": "answered",
    "note": {"es": "Nota", "en": "Note"},
    "text": "Mi secreto",
}
REJECTED = {
    "submission_id": "s-1",
    "submission_source": "/channels/partners/acme/crm",
    "customer_id": "C-ANA",
    "contact": {"email": "secreta@example.test"},
    "errors": [{"field": "text", "code": "missing", "message": {"es": "Falta", "en": "Missing"}}],
}
GOLDEN = {
    "inquiry.opened.v1": json.dumps(OPENED),
    "inquiry.progressed.v1": json.dumps(PROGRESSED),
    "submission.rejected.v1": json.dumps(REJECTED),
}
ALL, WRITES = frozenset(Scope), frozenset({Scope.WRITE, Scope.WEBHOOKS})


def acme(scopes: frozenset[Scope] = ALL) -> Partner:
    return Partner("acme", scopes, frozenset({"C-ANA"}))


@pytest.mark.parametrize("ce_type", GOLDEN)
def test_no_name_address_or_words_of_anybody_are_told(ce_type: str) -> None:
    said = payload.body_of(acme(), event(ce_type), "C-ANA", NOW).decode()

    assert "ecret" not in said
    assert json.loads(said)["data"]["customer_id"] == "C-ANA"
    assert json.loads(said)["timestamp"] == "2026-11-27T10:00:00.000+00:00"


def test_every_field_that_is_told_is_one_of_an_event_and_none_is_personal() -> None:
    known = {name for it in payload.OFFERED.values() for name in it.model_fields}
    told = [
        (owner.__name__, name)
        for event in payload.OFFERED.values()
        for top, model in nested_in(event).items()
        if top in payload.TOLD
        for owner, name, nested in ((event, top, model), *(fields_of(model) if model else ()))
        if nested is None
    ]

    assert known >= payload.TOLD
    classes = {field: class_of(*field) for field in told}
    assert set(classes.values()) == {FieldClass.FACT, FieldClass.WORDS}, classes


def test_who_may_not_read_hears_of_its_own_submissions_alone() -> None:
    own = "/channels/partners/acme"
    opened = event("inquiry.opened.v1")
    by_acme = event("inquiry.opened.v1", submission_source=own)
    later = event("inquiry.progressed.v1", submission_source=own)
    heard = {
        "another's": payload.may_hear(acme(WRITES), opened),
        "its own": payload.may_hear(acme(WRITES), by_acme),
        "rejected": payload.may_hear(acme(WRITES), event("submission.rejected.v1")),
        "later": payload.may_hear(acme(WRITES), later),
        "who reads": payload.may_hear(acme(), opened),
    }

    assert heard == {
        "another's": False,
        "its own": True,
        "rejected": True,
        "later": False,
        "who reads": True,
    }
    less = json.loads(payload.body_of(acme(WRITES), opened, "C-ANA", NOW))["data"]
    assert "answer_due_at" not in less


# From the topics to the partner


class Hooks:
    """Partners' servers: by URL what each answers, and what it got."""

    def __init__(self) -> None:
        self.answers: dict[str, AttemptResult] = {}
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.slow: dict[str, asyncio.Event] = {}

    async def __call__(self, url: str, headers: dict[str, str], body: bytes) -> AttemptResult:
        if url in self.slow:
            await self.slow[url].wait()
        self.got.append((url, headers, body))
        return self.answers.get(url, GOOD)

    def ids(self, url: str = HOOK) -> list[str]:
        return [headers["webhook-id"] for to, headers, _ in self.got if to == url]


class Desk:
    """A portal of few documents, its feed and two processes' senders."""

    def __init__(self, portal: PortalOfFew) -> None:
        self.portal, self.hooks, self.clock = portal, Hooks(), Clock()
        api = portal.process.api
        self.store = api.webhooks
        self.store._now = self.clock
        stopping, queries = asyncio.Event(), portal.process.portal.queries
        self.projected = True
        self.feed = Feed(
            api.settings, self.store, api.partners, queries, self.is_projected, stopping
        )
        self.senders = [
            WebhookSender(self.store, api.partners, self.hooks, self.clock, give_up_after=GIVE_UP)
            for _ in range(2)
        ]
        self.offset = 0

    async def is_projected(self, _record: Record) -> bool:
        return self.projected

    def record(self, ce_type: str, data: dict[str, Any], traceparent: str | None = None) -> Record:
        self.offset += 1
        key = str(data.get("inquiry_id") or data["customer_id"])
        envelope = codec.envelope(
            f"e-{self.offset}",
            ce_type,
            data,
            source="/services/inquiry_intake",
            subject=key,
            at=self.clock(),
            causation_id=None,
            correlation_id=None,
            traceparent=traceparent,
        )
        record = SimpleNamespace(
            topic=envelope.topic,
            partition=0,
            offset=self.offset,
            key=key.encode(),
            value=envelope.value,
            headers=tuple(envelope.headers),
            timestamp=int(self.clock().timestamp() * 1000),
            timestamp_type=LOG_APPEND_TIME,
        )
        return cast(Record, record)

    async def send(self) -> None:
        """Both processes look at once, until nothing is due."""
        for _ in range(3):
            for sender in self.senders:
                await sender.round()
            for sender in self.senders:
                await sender.settled()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with portal_of_few() as portal:
        yield Desk(portal)


async def webhook(system: System, url: str = HOOK, **more: Any) -> dict[str, Any]:
    made = await system.ask("POST", "/webhooks", json.dumps({"url": url, **more}).encode())
    assert made.status == 201, made.body
    return cast(dict[str, Any], made.json)


async def test_a_state_that_no_delivery_has_is_a_fault(desk: Desk) -> None:
    system = await desk.portal.partner()
    made = await webhook(system)

    answer = await system.get(f"/webhooks/{made['id']}/deliveries?state=lost")

    assert answer.status == 422
    assert [(it["field"], it["code"]) for it in answer.json["errors"]] == [("state", "not_allowed")]


async def log_of(system: System, made: dict[str, Any]) -> list[dict[str, Any]]:
    told = await system.get(f"/webhooks/{made['id']}/deliveries")
    return cast(list[dict[str, Any]], told.json["items"])


async def test_an_event_is_told_once_however_often_it_is_read(desk: Desk) -> None:
    system = await desk.portal.partner()
    made = await webhook(system)
    records = [
        desk.record("inquiry.opened.v1", OPENED),
        desk.record("inquiry.progressed.v1", PROGRESSED),
    ]

    await desk.feed.keep(records)
    await desk.feed.keep(records)
    await desk.send()
    await desk.feed.keep(records)
    await desk.send()

    assert len(desk.hooks.got) == len(set(desk.hooks.ids())) == 2
    assert {it["state"] for it in await log_of(system, made)} == {"delivered"}


@pytest.mark.parametrize(
    ("answer", "failure"), [(GOOD, None), (BAD, "timeout"), (GONE, "410")], ids=str
)
async def test_a_delivery_belongs_to_the_trace_of_its_event_and_names_no_address(
    desk: Desk, answer: AttemptResult, failure: str | None
) -> None:
    await webhook(await desk.portal.partner(), f"{HOOK}?token=of-the-partner")
    desk.hooks.answers[f"{HOOK}?token=of-the-partner"] = answer
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED, SAMPLED)])
    api = desk.portal.process.api
    with traced(PORTAL) as it:
        sender = WebhookSender(
            desk.store,
            api.partners,
            desk.hooks,
            desk.clock,
            give_up_after=GIVE_UP,
            traces=it.traces,
        )
        await sender.round()
        await sender.settled()
        [span] = it.named("deliver webhook")
        told = said_by(it.spans)

    assert (trace_of(span), parent_of(span)) == (TRACE, SENDERS)
    assert attributes_of(span)["cloudevents.event_type"] == "inquiry.opened.v1"
    assert attributes_of(span).get("error.type") == failure
    assert [
        it for it in ("hooks.example", "token", "secret", "Secret", "C-ANA") if it in told
    ] == []


async def test_a_delivery_of_an_event_without_a_trace_begins_none(desk: Desk) -> None:
    await webhook(await desk.portal.partner())
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    with traced(PORTAL) as it:
        desk.senders[0]._traces = it.traces
        await desk.send()
        assert not it.spans
    assert len(desk.hooks.got) == 1


async def test_nobody_hears_of_what_it_was_not_granted_did_not_ask_for_or_was_before(
    desk: Desk,
) -> None:
    before = desk.record("inquiry.opened.v1", OPENED)
    desk.clock.pass_by(timedelta(seconds=1))
    await webhook(await desk.portal.partner("other", ["C-BEA"]), "https://other.example/")
    asked = await desk.portal.partner("asked")
    await webhook(asked, "https://asked.example/", types=["inquiry.closed.v1"])
    gone = await desk.portal.partner("gone")
    await webhook(gone, "https://gone.example/")
    await desk.portal.process.api.partners.revoke("gone")
    await webhook(await desk.portal.partner())

    await desk.feed.keep([before])
    await desk.send()
    assert desk.hooks.got == []
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    await desk.send()

    assert [url for url, *_ in desk.hooks.got] == [HOOK]
    kept = desk.portal.own.collection("webhook_deliveries").documents
    assert len(kept) == 1, "of what nobody hears nothing is kept"


async def test_a_later_event_of_an_old_inquiry_finds_its_customer_among_the_records(
    desk: Desk,
) -> None:
    await webhook(await desk.portal.partner())
    await desk.portal.keep("inquiries", {"_id": "i-1", "customer_id": "C-ANA"})

    await desk.feed.keep([desk.record("inquiry.progressed.v1", PROGRESSED)])
    await desk.send()

    [(_, _, body)] = desk.hooks.got
    assert json.loads(body)["data"]["customer_id"] == "C-ANA"


async def test_a_failing_webhook_is_tried_again_under_the_same_id_and_holds_up_no_other(
    desk: Desk,
) -> None:
    system, other = await desk.portal.partner(), await desk.portal.partner("other")
    made = await webhook(system)
    await webhook(other, "https://other.example/")
    desk.hooks.slow[HOOK] = asyncio.Event()
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    await desk.senders[0].round()
    async with asyncio.timeout(30):
        while not desk.hooks.ids("https://other.example/"):
            await asyncio.sleep(0)
    desk.hooks.answers[HOOK] = BAD
    desk.hooks.slow.pop(HOOK).set()
    await desk.send()
    assert len(desk.hooks.ids()) == 1, "not before its pause is over"

    desk.clock.pass_by(PAUSES[0])
    desk.hooks.answers[HOOK] = GOOD
    await desk.send()

    first, second = desk.hooks.ids()
    assert first == second
    [delivery] = await log_of(system, made)
    assert [it.get("status") or it["error"] for it in delivery["attempts"]] == ["timeout", 204]


async def test_webhooks_that_are_dead_have_no_more_turns_than_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them has more that is due, however often one attempt has failed."""
    monkeypatch.setattr(f"{WEBHOOKS}.sender.MOST_AT_ONCE", 2)
    ids = iter(uuid.UUID(int=it) for it in range(len(DEAD) + 1))
    monkeypatch.setattr(f"{WEBHOOKS}.store.uuid4", ids.__next__)
    urls = [*DEAD, "https://sound.example/"]
    system = await desk.portal.partner()
    for url in urls:
        await webhook(system, url)
        desk.hooks.answers[url] = BAD
    desk.hooks.answers[urls[-1]] = GOOD
    records = [desk.record("inquiry.opened.v1", OPENED) for _ in range(9)]
    await desk.feed.keep(records)

    for _ in range(2):
        await desk.senders[0].round()
        await desk.senders[0].settled()

    assert len(desk.hooks.ids(urls[-1])) == 9
    assert {to for to, _, _ in desk.hooks.got} == {*urls}


async def test_two_processes_send_each_message_once_and_a_dead_ones_again(desk: Desk) -> None:
    await webhook(await desk.portal.partner())
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    [webhook_id] = await desk.store.with_due()
    leases = await asyncio.gather(*(desk.store.lease(webhook_id) for _ in range(5)))
    [leased] = [it for it in leases if it is not None]
    await desk.send()
    assert desk.hooks.got == [], "the process that has leased it has it alone"

    desk.clock.pass_by(LEASE)
    await desk.send()

    assert desk.hooks.ids() == [leased.id]


async def test_a_webhook_that_fails_for_days_is_disabled_says_so_and_what_it_missed_is_replayed(
    desk: Desk,
) -> None:
    system = await desk.portal.partner()
    made = await webhook(system)
    began = desk.clock.now
    desk.hooks.answers[HOOK] = BAD
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    await desk.send()
    desk.clock.pass_by(GIVE_UP)
    await desk.send()
    await desk.feed.keep([desk.record("inquiry.progressed.v1", PROGRESSED)])
    await desk.send()

    state = (await system.get(f"/webhooks/{made['id']}")).json
    assert state["disabled"] == "failing"
    assert state["failing_since"] == began.isoformat().replace("+00:00", "Z")
    assert {it["state"] for it in await log_of(system, made)} == {"held"}
    path = f"/webhooks/{made['id']}"
    since = json.dumps({"since": began.isoformat()}).encode()
    assert (await system.ask("POST", f"{path}/replay", since)).status == 409

    assert (await system.ask("POST", f"{path}/enable", b"")).status == 200
    desk.hooks.answers[HOOK] = GOOD
    desk.hooks.got.clear()
    assert (await system.ask("POST", f"{path}/replay", since)).json == {"replayed": 2}
    await desk.send()
    assert len(set(desk.hooks.ids())) == 2


async def test_one_delivery_is_sent_again_under_its_id(desk: Desk) -> None:
    system = await desk.portal.partner()
    made = await webhook(system)
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    await desk.send()
    [delivery] = await log_of(system, made)
    one = json.dumps({"delivery": delivery["id"]}).encode()

    assert (await system.ask("POST", f"/webhooks/{made['id']}/replay", one)).status == 202
    await desk.send()

    assert desk.hooks.ids() == [delivery["id"]] * 2
    (_, first, body), (_, second, again) = desk.hooks.got
    assert body == again
    for headers in (first, second):
        at = headers["webhook-timestamp"]
        assert headers == headers_of(made["secret"], delivery["id"], desk.clock.now, body) | {
            "webhook-timestamp": at
        }


async def test_a_grant_that_is_taken_back_stops_what_waits_and_its_words_go(desk: Desk) -> None:
    system = await desk.portal.partner()
    made = await webhook(system)
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    await desk.portal.process.api.partners.grant("acme", [])

    await desk.send()

    assert desk.hooks.got == []
    [delivery] = await log_of(system, made)
    assert delivery["state"] == "dropped"
    kept = desk.portal.own.collection("webhook_deliveries").documents
    assert [it["body"] for it in kept.values()] == [""]


# What a partner may do with webhooks


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"url": "http://hooks.example.com/"}, {"url": "not_allowed"}),
        ({"url": "https://169.254.169.254/latest"}, {"url": "not_allowed"}),
        ({"url": HOOK, "types": ["inquiry.opened.v1", "x"]}, {"types.1": "unknown_type"}),
        ({"types": 5}, {"url": "missing", "types": "wrong_type"}),
        ([], {"data": "wrong_type"}),
    ],
)
async def test_a_webhook_that_is_none_is_refused(
    desk: Desk, asked: Any, expected: dict[str, str]
) -> None:
    system = await desk.portal.partner()

    refused = await system.ask("POST", "/webhooks", json.dumps(asked).encode())

    assert refused.status == 422
    assert {it["field"]: it["code"] for it in refused.json["errors"]} == expected


async def test_nothing_is_replayed_since_a_moment_that_there_is_not(desk: Desk) -> None:
    system = await desk.portal.partner()
    made = await webhook(system)
    since = json.dumps({"since": "0001-01-01T00:00:00+14:00"}).encode()

    refused = await system.ask("POST", f"/webhooks/{made['id']}/replay", since)

    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "since")


async def test_another_partners_webhook_is_not_there_and_its_secret_is_shown_once(
    desk: Desk,
) -> None:
    system, other = await desk.portal.partner(), await desk.portal.partner("other")
    made = await webhook(system)
    path = f"/webhooks/{made['id']}"

    for method, below in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/deliveries"),
        ("POST", "/enable"),
        ("POST", "/replay"),
    ):
        assert (await other.ask(method, path + below, b"{}")).status == 404, below
    assert (await other.get("/webhooks")).json["items"] == []
    [shown] = (await system.get("/webhooks")).json["items"]
    assert shown["url"] == HOOK
    assert "secret" not in shown
    assert (await system.ask("DELETE", path, b"")).status == 204
    assert (await system.get(path)).status == 404


async def test_a_partner_has_ten_webhooks_at_most(desk: Desk) -> None:
    system = await desk.portal.partner()
    for _ in range(10):
        await webhook(system)

    refused = await system.ask("POST", "/webhooks", json.dumps({"url": HOOK}).encode())

    assert refused.status == 409


# The feed's own life, and the sender's


class Topics:
    """Stands for a group's consumer: these records, then what the test wants to happen."""

    def __init__(self, *batches: Sequence[Record], then: Callable[[], None]) -> None:
        self.batches, self.then = [*batches], then
        self.committed = self.started = self.stopped = 0

    async def start(self) -> None:
        self.started += 1

    async def records(self, _most: int) -> Sequence[Record]:
        await asyncio.sleep(0)
        if not self.batches:
            self.then()
            return ()
        return self.batches.pop(0)

    async def commit(self) -> None:
        self.committed += 1

    async def stop(self) -> None:
        self.stopped += 1


async def test_records_are_committed_once_their_deliveries_are_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await webhook(await desk.portal.partner())
    record, kept = desk.record("inquiry.opened.v1", OPENED), desk.store.deliver
    topics = Topics((), (record,), (record,), then=desk.feed._stopping.set)
    failures = [Outage("mongodb", "away")]

    async def deliver(*what: Any) -> None:
        if failures:
            topics.batches.insert(0, (record,))  # uncommitted, it comes again
            raise failures.pop()
        await kept(*what)

    monkeypatch.setattr(desk.store, "deliver", deliver)
    monkeypatch.setattr(f"{WEBHOOKS}.feed.GroupConsumer", lambda *_: topics)
    monkeypatch.setattr(f"{WEBHOOKS}.feed.Backoff", lambda *_: SimpleNamespace(**AT_ONCE))
    async with asyncio.timeout(30):
        await desk.feed.run()
    await desk.send()

    assert (topics.started, topics.stopped, topics.committed) == (2, 2, 2)
    assert len(desk.hooks.got) == 1


async def no_pause() -> None:
    await asyncio.sleep(0)


AT_ONCE: dict[str, Any] = {"pause": no_pause, "reset": lambda: None}


async def test_what_is_no_event_is_told_to_nobody_and_holds_up_nothing(desk: Desk) -> None:
    await webhook(await desk.portal.partner())
    broken = desk.record("inquiry.opened.v1", OPENED)
    broken.value = b"{"  # type: ignore[misc]  # a record of the test's own

    await desk.feed.keep([broken, desk.record("inquiry.opened.v1", OPENED)])
    await desk.send()

    assert len(desk.hooks.got) == 1


async def test_the_customers_of_old_inquiries_are_looked_up_not_remembered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{WEBHOOKS}.feed.MOST_REMEMBERED", 2)
    opened = [OPENED | {"inquiry_id": f"i-{number}"} for number in range(5)]

    await desk.feed.keep([desk.record("inquiry.opened.v1", it) for it in opened])

    assert [*desk.feed._customers] == ["i-3", "i-4"]


@pytest.mark.parametrize("known", [{}, {"_id": "i-1", "forgotten": True}])
async def test_of_an_inquiry_whose_customer_nobody_knows_nobody_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, known: dict[str, Any]
) -> None:
    waits = list[float]()

    async def waited(_stopping: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(f"{WEBHOOKS}.feed.sleep_unless", waited)
    await webhook(await desk.portal.partner())
    if known:
        await desk.portal.keep("inquiries", known)

    await desk.feed.keep([desk.record("inquiry.progressed.v1", PROGRESSED)])
    await desk.send()

    assert desk.hooks.got == []
    assert sum(waits) == (0 if known else KNOWN_WITHIN_SECONDS)


async def test_while_the_projection_lags_no_message_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_stopping: asyncio.Event, _seconds: float) -> None:
        return None

    monkeypatch.setattr(f"{WEBHOOKS}.feed.sleep_unless", at_once)
    await webhook(await desk.portal.partner())
    desk.projected, progressed = False, desk.record("inquiry.progressed.v1", PROGRESSED)
    with pytest.raises(Outage, match="lag"):
        await desk.feed.keep([progressed])
    await desk.portal.keep("inquiries", {"_id": "i-1", "customer_id": "C-ANA"})

    await desk.feed.keep([progressed])
    await desk.send()

    assert len(desk.hooks.got) == 1


async def test_a_disabled_webhook_holds_no_more_than_the_newest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{WEBHOOKS}.store.MOST_HELD", 2)
    made, other = (
        await webhook(await desk.portal.partner()),
        await webhook(await desk.portal.partner("other")),
    )
    await desk.portal.own.collection("webhooks").update_one(
        {"_id": made["id"]}, {"$set": {"disabled": "gone"}}
    )
    for number in range(5):
        desk.clock.pass_by(timedelta(seconds=1))
        opened = OPENED | {"inquiry_id": f"i-{number}"}
        await desk.feed.keep([desk.record("inquiry.opened.v1", opened)])

    kept = desk.portal.own.collection("webhook_deliveries").documents.values()
    held = [it for it in kept if it["webhook"] == made["id"]]
    assert ["i-3" in it["body"] or "i-4" in it["body"] for it in held] == [True, True]
    assert len([it for it in kept if it["webhook"] == other["id"]]) == 5


async def test_a_feed_that_stops_leaves_uncommitted_what_it_could_not_place(desk: Desk) -> None:
    await webhook(await desk.portal.partner())
    desk.feed._stopping.set()

    with pytest.raises(Outage, match="it stops"):
        await desk.feed.keep([desk.record("inquiry.progressed.v1", PROGRESSED)])


async def test_a_sender_waits_for_the_database_and_ends_with_what_it_has_begun(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await webhook(await desk.portal.partner())
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    desk.hooks.slow[HOOK] = asyncio.Event()
    stopping, due, failures = asyncio.Event(), desk.store.with_due, [Outage("mongodb", "away")]

    async def with_due() -> list[str]:
        if failures:
            raise failures.pop()
        return await due()

    monkeypatch.setattr(desk.store, "with_due", with_due)
    monkeypatch.setattr(f"{WEBHOOKS}.sender.Backoff", lambda *_: SimpleNamespace(**AT_ONCE))
    running = asyncio.create_task(desk.senders[0].run(stopping, 1.0))
    while not desk.senders[0]._sending:
        await asyncio.sleep(0)
    stopping.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not running.done(), "a message is on its way"

    desk.hooks.slow[HOOK].set()
    async with asyncio.timeout(30):
        await running

    assert len(desk.hooks.got) == 1


async def test_a_webhook_that_is_switched_off_meanwhile_is_sent_nothing_more(desk: Desk) -> None:
    system = await desk.portal.partner()
    made = await webhook(system)
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED)])
    [webhook_id] = await desk.store.with_due()
    hooks = desk.portal.own.collection("webhooks")
    await hooks.update_one({"_id": webhook_id}, {"$set": {"disabled": Disabled.GONE.value}})

    await desk.senders[0]._send_to(webhook_id)

    assert desk.hooks.got == []
    assert {it["state"] for it in await log_of(system, made)} == {"held"}


async def test_a_webhook_with_much_to_be_told_lets_the_others_have_their_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{WEBHOOKS}.sender.MOST_IN_A_ROW", 2)
    await webhook(await desk.portal.partner())
    await desk.feed.keep([desk.record("inquiry.opened.v1", OPENED) for _ in range(5)])

    await desk.senders[0].round()
    await desk.senders[0].settled()

    assert len(desk.hooks.got) == 2


# Over the network


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", AttemptResult(status=204)),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", AttemptResult(status=302)),
        (b"220 mail.example ESMTP\r\n", AttemptResult(error="no_http")),
        (b"", AttemptResult(error="timeout")),
        (None, AttemptResult(error="not_reached")),
    ],
)
async def test_whatever_a_partners_server_does_is_an_outcome_in_a_word(
    answer: bytes | None, outcome: AttemptResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    got = list[bytes]()

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        if answer:
            writer.write(answer)
            await writer.drain()
        else:
            await reader.read()  # until the client has had enough
        writer.close()

    if answer == b"":
        monkeypatch.setattr(f"{WEBHOOKS}.sender.WITHIN_SECONDS", 0.2)
    partners = await asyncio.start_server(answering, "127.0.0.1", 0)
    port = partners.sockets[0].getsockname()[1]
    if answer is None:
        partners.close()
        await partners.wait_closed()
    poster = Poster(anywhere=True)

    found = await poster(f"http://127.0.0.1:{port}/in", {"webhook-id": "msg_1"}, b"{}")

    assert found == outcome
    assert len(got) == (0 if answer is None else 1), "no redirect is followed, nothing sent again"
    assert all(b"webhook-id: msg_1" in it.lower() for it in got)
    await poster.close()
    partners.close()
