"""A copy of a contract from the request to the download, on real Kafka and MongoDB protocols."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from desk.embedded.stack import Endpoints
from services.contract_archive.downloads import downloads
from services.contract_archive.service import build
from services.contract_archive.settings import Settings
from shared.events.contracts import ContractCopyDenied, ContractCopyReady
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


def archive_settings(endpoints: Endpoints, name: str) -> Settings:
    shared = settings_for(endpoints, name).model_dump()
    return Settings(**shared, access_grace_seconds=0.5)


async def publish(client: Outsider, event: Event) -> None:
    body = event.model_dump(mode="json")
    headers = event_headers(event.ce_type, str(uuid4()))
    await client.publish(TOPIC_OF[event.ce_type].name, key_of(event), body, headers)


async def test_the_holder_gets_a_copy_whose_link_downloads_it(endpoints: Endpoints) -> None:
    name = f"copy-{uuid4()}"
    settings = archive_settings(endpoints, name)
    async with outsider(endpoints) as client, running(build(settings), settings) as runtime:
        answers = await client.watch("desk.contracts")
        await publish(client, copy_requested(contract_number=name, customer_id=name))
        await publish(client, recorded(contract_number=name, customer_id=name))
        await publish(client, authorisation(name))
        await publish(client, registration(name))

        told = await collect(answers, 3, name)
        ready = ContractCopyReady.model_validate(json.loads(told[-1].value))
        link = urlsplit(ready.link or "")
        status, _, content = await downloads(runtime.database)(dict(parse_qsl(link.query)))

    assert [headers_of(record)["ce_type"] for record in told] == [
        "contract.recorded.v1",
        "contract.status_changed.v1",
        "contract.copy_ready.v1",
    ]
    assert status == 200
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
