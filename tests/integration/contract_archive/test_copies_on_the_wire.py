"""A copy of a contract from the request to the download, on real Kafka and MongoDB protocols."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4

from desk.local.ports import choose_ports
from desk.local.stack import Endpoints
from services.contract_archive.service import build
from services.contract_archive.settings import Settings
from shared.events.contracts import ContractCopyDenied, ContractCopyReady
from shared.events.document_code import document_link
from shared.events.envelope import Event
from shared.events.topics import TOPIC_OF, key_of
from tests.builders.archive import authorisation, copy_requested, recorded, registration
from tests.integration.runtime.wire import (
    Outsider,
    collect,
    event_headers,
    headers_of,
    outsider,
    running,
    settings_for,
)

_DIRECT = build_opener(ProxyHandler({}))


def archive_settings(endpoints: Endpoints, name: str) -> Settings:
    shared = settings_for(endpoints, name).model_dump()
    return Settings(**shared, access_grace_seconds=0.5)


async def publish(client: Outsider, event: Event) -> None:
    topic = TOPIC_OF[event.ce_type]
    body = event.model_dump(mode="json")
    headers = event_headers(event.ce_type, str(uuid4()), topic.takes_from[0])
    await client.publish(topic.name, key_of(event), body, headers)


def asked(url: str, form: bytes | None = None) -> tuple[int, bytes]:
    """A GET, or a POST of a form."""
    try:
        with _DIRECT.open(url, form, timeout=10) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


async def test_the_holder_gets_a_copy_that_the_mailed_code_opens_once(endpoints: Endpoints) -> None:
    name = f"copy-{uuid4()}"
    port = choose_ports([name], Path(mkdtemp()) / "ports.json")[name]
    settings = archive_settings(endpoints, name).model_copy(update={"documents_port": port})
    key, address = settings.document_code_key.get_secret_value().encode(), registration().email
    async with outsider(endpoints) as client, running(build(settings), settings) as runtime:
        answers = await client.watch("desk.contracts")
        await publish(client, copy_requested(contract_number=name, customer_id=name))
        await publish(client, recorded(contract_number=name, customer_id=name))
        await publish(client, authorisation(name))
        await publish(client, registration(name))

        told = await collect(answers, 4, name)
        ready = ContractCopyReady.model_validate(json.loads(told[-1].value))
        link = document_link(f"http://127.0.0.1:{port}", key, ready.document_id, address)
        page = await asyncio.to_thread(asked, link)
        status, content = await asyncio.to_thread(asked, link, b"")
        metrics = await asyncio.to_thread(asked, f"http://127.0.0.1:{port}/metrics")
        undecodable = await asyncio.to_thread(asked, link + "%ff")
        later = datetime.now(UTC) + timedelta(hours=1)
        reused = await runtime.database.use_file(
            ready.document_id, later, again_within=timedelta(minutes=15)
        )

    assert [headers_of(record)["ce_type"] for record in told] == [
        "contract.recorded.v1",
        "contract.text_issued.v1",
        "contract.status_changed.v1",
        "contract.copy_ready.v1",
    ]
    assert page[0] == 200
    assert status == 200
    assert (metrics[0], undecodable[0]) == (404, 404)
    assert reused is False
    assert hashlib.sha256(content).hexdigest() == ready.sha256


async def test_who_may_not_have_a_copy_is_denied_when_the_grace_is_over(
    endpoints: Endpoints,
) -> None:
    name = f"denied-{uuid4()}"
    settings = archive_settings(endpoints, name)
    async with outsider(endpoints) as client, running(build(settings), settings):
        answers = await client.watch("desk.contracts")
        await publish(client, copy_requested(contract_number=name, customer_id=name))

        (told,) = await collect(answers, 1, name)

    denied = ContractCopyDenied.model_validate(json.loads(told.value))
    assert (denied.customer_id, denied.cause) == (name, "not_available")
