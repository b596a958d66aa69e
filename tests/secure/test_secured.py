"""The desk on a secured Kafka and MongoDB, everybody with the rights that `desk acl` gives."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from desk.local.supervisor import desk_up
from shared.events.topics import CATALOGUE, CONSOLE, PORTAL, SERVICES, TOPICS
from shared.kafka.acls import Acl, Operation, Resource, create_acls
from shared.kafka.client_options import client_options, consumer_options
from shared.kafka.topic_creation import create_missing_topics
from shared.kafka.topic_records import members_of
from shared.operations.rights import OPERATORS, OURS, RESTORER, user_of, users
from shared.outage import Forbidden, Outage
from shared.runtime.projections.projection import views_of
from shared.runtime.publications import topics_of
from tests.apache_kafka.security import ADMIN
from tests.builders.desk_command import contract, desk
from tests.conftest import QUICK, quiet
from tests.integration.runtime import toy
from tests.integration.runtime.wire import event_headers, running
from tests.secure.probe import probing, probing_topics
from tests.secure.servers import RULES, Secured, secured

CUSTOMER, NUMBER, ADDRESS = "C-secured", "K-secured", "cliente@example.test"
CANCELLATION = {
    "customer_id": CUSTOMER,
    "channel": "web",
    "contract_numbers": [NUMBER],
    "destruction_confirmed": True,
    "contact": {"name": "Cliente de Prueba", "email": ADDRESS},
}
READ, WRITE = "read", "write"
VIEWS, CASES = views_of(PORTAL), views_of(CONSOLE)
OFFSETS = "__consumer_offsets"
"""The broker's own topic: how far every group has read."""
APPROVAL = {"contract_number": NUMBER, "agent_id": "A-1", "approved": True}
QUESTION = {
    "subject": "Una factura",
    "text": "¿Dónde está?",
    "name": "Cliente de Prueba",
    "email": ADDRESS,
}
TICKET = re.compile(r'name="ticket" value="([^"]+)"')
REFERENCE = re.compile(r"INQ-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Secured]:
    if request.config.getoption("--infra") not in ("kafka", "secure"):
        pytest.skip("needs a Java 17 runtime and Maven; run this with: make test-kafka")
    async with secured(tmp_path_factory.mktemp("secured")) as started:
        # A service of the desk creates the topics: it has the right to.
        await create_missing_topics(started.settings("cancellation"))
        await groups_are_looked_after(started)
        yield started


async def groups_are_looked_after(servers: Secured) -> None:
    """The broker makes the topic of the groups' offsets when it is first asked about a group."""
    async with asyncio.timeout(60):
        while True:
            try:
                await members_of(servers.settings(ADMIN), "desk.of-nobody")
            except Outage:
                await asyncio.sleep(0.2)
            else:
                return


async def publish(
    servers: Secured, user: str, topic: str, ce_type: str, source: str, data: dict[str, Any]
) -> None:
    """As an outside system does it, with its own user. Raises KafkaError."""
    key = str(data[TOPICS[topic].key[0]])
    producer = AIOKafkaProducer(**client_options(servers.settings(user)), enable_idempotence=True)
    async with producer:
        await producer.send_and_wait(
            topic,
            key=key.encode(),
            value=json.dumps(data).encode(),
            headers=event_headers(ce_type, f"{user}-{key}", source),
        )


async def read_until(servers: Secured, user: str, topic: str, ce_type: str) -> dict[str, Any]:
    """The first event of a type, read in a group of the user's own."""
    consumer = AIOKafkaConsumer(
        topic,
        **consumer_options(servers.settings(user)),
        group_id=f"{user}.tests",
        auto_offset_reset="earliest",
    )
    async with asyncio.timeout(120), consumer:
        while True:
            record = await consumer.getone()
            if dict(record.headers)["ce_type"] == ce_type.encode():
                return dict(json.loads(record.value))


async def mail_to(folder: Path, address: str, words: str) -> str:
    async with asyncio.timeout(120):
        while True:
            for file in folder.glob("*.eml"):
                text = file.read_text(errors="replace")
                if address in text and words in text:
                    return text
            await asyncio.sleep(0.2)


async def reference_of_a_question(portal: str) -> str:
    """Asked on a page of the portal; the answer is on the page to which it leads."""
    async with httpx2.AsyncClient(base_url=portal, follow_redirects=True, timeout=30) as browser:
        form = (await browser.get("/es/contacto/facturas")).text
        [*_, ticket] = TICKET.findall(form)
        sent = await browser.post("/es/contacto/facturas", data=QUESTION | {"ticket": ticket})
        assert sent.status_code == 200
        async with asyncio.timeout(120):
            while True:
                page = await browser.get(sent.url.path)
                if (found := REFERENCE.search(page.text)) is not None:
                    return found[0]
                await asyncio.sleep(0.2)


async def test_four_services_and_the_portal_with_users_of_their_own_take_requests_to_their_answers(
    servers: Secured, tmp_path: Path
) -> None:
    own = {name: servers.environment(name) for name in (*SERVICES, PORTAL)}
    own["cancellation"]["HISTORY_KEPT_DAYS"] = str(RULES.history_kept_days)
    own[PORTAL]["SECURE_COOKIES"] = "false"  # this browser does not trust `localhost` like HTTPS
    operators = servers.environment(OPERATORS)
    directory = tmp_path / ".desk"
    async with desk_up(
        directory,
        kafka=servers.address,
        mongo=servers.mongo_url(OPERATORS),
        overrides=QUICK,
        own=own,
        portal=True,
        say=quiet,
    ) as up:
        facts = contract(NUMBER, CUSTOMER)
        ce_type = facts["ce_type"]
        await publish(
            servers, "registry", "registry.contracts", ce_type, "/registry", facts["data"]
        )
        await publish(
            servers,
            "channels",
            "desk.submissions",
            "submission.cancellation.v1",
            "/channels/web",
            CANCELLATION | {"received_at": datetime.now(UTC).isoformat()},
        )
        opened = await read_until(servers, "channels", "desk.inquiries", "inquiry.opened.v1")
        decided = await read_until(
            servers, "billing", "desk.cancellations", "cancellation.scheduled.v1"
        )
        assert up.endpoints.portal is not None
        reference = await reference_of_a_question(up.endpoints.portal)
        assert up.endpoints.mailbox is not None
        mail = await mail_to(up.endpoints.mailbox, ADDRESS, NUMBER)
        await mail_to(up.endpoints.mailbox, ADDRESS, reference)
        await up.healthy()
        doctor = await desk("doctor", "--json", cwd=tmp_path, env=operators)
        verified = await desk("verify", "--json", cwd=tmp_path, env=operators)

    assert opened["inquiry_id"] == decided["inquiry_id"]
    assert decided["contract_number"] == NUMBER
    assert mail
    assert [check for check in doctor.json if check["verdict"] == "fail"] == []
    assert (doctor.code, verified.code) == (0, 0)


async def test_every_user_may_do_on_every_topic_what_the_catalogue_says_and_nothing_else(
    servers: Secured,
) -> None:
    topics = [*(topic.name for topic in CATALOGUE), OFFSETS]
    sent_again = {t.name for t in CATALOGUE if set(SERVICES) & set(t.read_by)}
    for user in users():
        async with probing(servers.settings(user)) as probe:
            writes, reads = await probe.writable(topics), await probe.readable(topics)
        named = {t.name for t in CATALOGUE if user in map(user_of, t.written_by)}
        if user in (OPERATORS, CONSOLE):  # they see everything, and send a dead letter again
            assert reads == {t.name for t in CATALOGUE}
            assert writes == sent_again | named
            assert "desk.dead-letters" not in writes
        else:
            assert writes == named
            own = set(topics_of(user)) if user in SERVICES else set()
            assert reads == own | {t.name for t in CATALOGUE if user in map(user_of, t.read_by)}


async def test_services_create_topics_of_the_catalogue_and_nobody_changes_or_deletes_one(
    servers: Secured,
) -> None:
    topics = {topic.name for topic in CATALOGUE}
    for user in users():
        async with probing_topics(servers.settings(user)) as probe:
            created = await probe.creatable({*topics, "desk.of-no-catalogue"})
            altered, deleted = await probe.alterable(topics), await probe.deletable(topics)
            grown = {topic for topic in topics if await probe.may_grow(topic)}
        assert created == (topics if user in OURS else set())
        assert (altered, grown, deleted) == (set(), set(), set())


async def test_every_user_may_use_its_own_group_and_no_other(servers: Secured) -> None:
    groups = {user: f"desk.{user}" if user in SERVICES else f"{user}.one" for user in users()}
    for name in ("customer_portal", "operations_console"):
        groups[name] = f"desk.{name}.1"
    for user in users():
        async with probing(servers.settings(user)) as probe:
            joined = {owner for owner, group in groups.items() if await probe.may_join(group)}
        assert joined == {user}


async def test_nobody_empties_a_topic_deletes_a_group_or_gives_himself_a_right(
    servers: Secured,
) -> None:
    """Nor does he set a group back: for that it takes the right to use it."""
    topics = [topic.name for topic in CATALOGUE]
    for user in users():
        own = f"desk.{user}" if user in OURS else f"{user}.one"
        async with probing(servers.settings(user)) as probe:
            assert await probe.may_empty([*topics, OFFSETS]) == set()
            assert not [it for it in (own, "desk.cancellation") if await probe.may_delete(it)]
        more = Acl(user, Resource.TOPIC, Operation.WRITE, "desk.dead-letters")
        with pytest.raises(Forbidden, match="ClusterAuthorizationFailedError"):
            await create_acls(servers.settings(user), [more])


async def test_who_may_not_look_into_a_group_is_not_told_that_it_is_empty(
    servers: Secured,
) -> None:
    """`desk restore` asks, and must not write beside a service at work."""
    group = "desk.of-nobody"
    assert await members_of(servers.settings(OPERATORS), group) == 0
    with pytest.raises(Outage, match="GroupAuthorizationFailedError"):
        await members_of(servers.settings("channels"), group)


async def test_an_approval_forged_by_a_channel_is_refused_by_the_broker(servers: Secured) -> None:
    approval = ("desk.agent-actions", "agent.referral_decided.v1", "/agents", APPROVAL)

    with pytest.raises(TopicAuthorizationFailedError):
        await publish(servers, "channels", *approval)
    await publish(servers, "agents", *approval)


async def test_nobody_may_use_transactions(servers: Secured) -> None:
    for user in users():
        producer = AIOKafkaProducer(
            **client_options(servers.settings(user)), transactional_id=f"{user}-1"
        )
        with pytest.raises(TransactionalIdAuthorizationFailed):
            await producer.start()
        await producer.stop()


async def test_a_client_without_tls_or_with_a_wrong_password_is_not_let_in(
    servers: Secured,
) -> None:
    for wrong in ({"kafka_security_protocol": "PLAINTEXT"}, {"kafka_password": "wrong"}):
        producer = AIOKafkaProducer(
            **client_options(servers.settings("channels", **wrong)), request_timeout_ms=3_000
        )
        with pytest.raises(KafkaError):
            await producer.start()
        await producer.stop()


async def done_in(servers: Secured, user: str, act: str) -> set[str]:
    """Whose databases the user may do it in; nothing is there to be changed."""
    done = set()
    async with AsyncMongoClient[Any](servers.mongo_url(user)) as client:
        for name in (*OURS, VIEWS, CASES):
            probe = client[f"desk_{name}"]["probe"]
            try:
                await (probe.find_one({}) if act == READ else probe.delete_one({"_id": "nobody"}))
            except OperationFailure:
                continue
            done.add(name)
    return done


async def test_every_service_may_use_its_own_database_and_no_other(servers: Secured) -> None:
    """So may the portal and the console; operators read, cases too, and restoring writes."""
    everywhere = set(SERVICES)
    expected = {name: ({name}, {name}) for name in OURS}
    expected[PORTAL] = ({PORTAL, VIEWS}, {PORTAL, VIEWS})
    expected[CONSOLE] = ({CONSOLE, CASES}, {CONSOLE, CASES})
    expected |= {OPERATORS: (everywhere | {CASES}, set()), RESTORER: (everywhere, everywhere)}
    found = {
        user: (await done_in(servers, user, READ), await done_in(servers, user, WRITE))
        for user in expected
    }
    assert found == expected


async def test_nobody_is_let_into_the_database_without_a_user(servers: Secured) -> None:
    host = servers.mongo_url(OPERATORS).partition("@")[2]
    for who in ("", "channels:wrong@", f"{OPERATORS}:wrong@"):
        async with AsyncMongoClient[Any](f"mongodb://{who}{host}") as client:
            with pytest.raises(OperationFailure):
                await client["desk_cancellation"]["file"].find_one({})


async def test_a_service_without_its_rights_waits_and_starts_once_it_has_them(
    servers: Secured,
) -> None:
    settings = servers.settings(
        "inquiry_intake",
        kafka_group_prefix="later",
        max_pause_seconds=0.2,
        accept_older_database=True,  # a toy's, beside the topics of the desk
    )

    async def start() -> None:
        async with running(toy.build(), settings) as runtime:
            assert runtime.health.status == "ok"

    waiting = asyncio.create_task(start())
    await asyncio.sleep(2)
    assert not waiting.done()
    right = Acl("inquiry_intake", Resource.GROUP, Operation.READ, "later.inquiry_intake")
    await create_acls(servers.settings(ADMIN), [right])
    async with asyncio.timeout(120):
        await waiting
