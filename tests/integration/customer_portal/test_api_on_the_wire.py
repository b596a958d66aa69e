"""A partner's whole way on a running desk: token, submission, decision, webhook, replay."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from standardwebhooks import Webhook

from desk.commands.samples import fill
from desk.local.supervisor import Desk
from tests.builders.clients import settings_at
from tests.builders.desk_command import COMMAND, environment
from tests.builders.partners import WITHIN_S, as_the_portal, partner_of, until
from tests.builders.webhook_receiver import Receiver, receiver
from tests.conftest import QUICK, quiet
from tests.infra import desk_on, local_servers, resolved

PAGE = Path(__file__).parents[3] / "docs/api.md"

pytestmark = pytest.mark.long("a desk with its portal for a partner alone")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def open_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """With its portal and the sample company."""
    choice = resolved(request.config.getoption("--infra"))
    directory = tmp_path_factory.mktemp("desk") / ".desk"
    async with (
        local_servers(choice, tmp_path_factory.mktemp("servers")) as given,
        desk_on(given, directory, portal=True, overrides=QUICK, say=quiet) as desk,
    ):
        await fill(desk, settings_at(desk.endpoints.kafka_bootstrap_servers))
        yield desk


async def test_from_token_to_webhook_and_replay(open_desk: Desk) -> None:
    async with receiver() as hook, await partner_of(open_desk, "whole-way") as partner:
        hook.answers = ["302 Found\r\nLocation: http://127.0.0.1:1/"]
        types = ["inquiry.opened.v1", "cancellation.scheduled.v1"]
        made = await partner.post("/webhooks", json={"url": hook.url, "types": types})
        assert made.status_code == 201, made.text
        state = await cancelled(partner)
        inquiry = await until(lambda: opened(partner, state["status_url"]))
        assert inquiry["reference"].startswith("INQ-")

        await until(lambda: told_of(hook, "cancellation.scheduled.v1"))
        scheduled = of_type(hook, "cancellation.scheduled.v1")[-1]
        checker = Webhook(made.json()["secret"])
        for got in hook.got:
            checker.verify(got.body, got.headers)
        said = json.loads(scheduled.body)
        assert said["data"]["contract_number"] == "K-2001"
        assert said["data"]["inquiry_id"] == inquiry["id"]
        assert "Cliente" not in scheduled.body.decode(), "nobody's name is told"

        log = await until(lambda: all_delivered(partner, made.json()["id"]))
        told = Counter(it.get("status") for delivery in log for it in delivery["attempts"])
        assert told == {302: 1, 204: 2}, "no redirect is followed"

        again = await partner.post(
            f"/webhooks/{made.json()['id']}/replay",
            json={"delivery": scheduled.headers["webhook-id"]},
        )
        assert again.json() == {"replayed": 1}
        await until(lambda: more_than(hook, 3))
        assert hook.got[-1].body == scheduled.body
        assert hook.got[-1].headers["webhook-id"] == scheduled.headers["webhook-id"]

        read = await partner.get("/customers/C-1001/cancellations")
        assert {it["contract_number"] for it in read.json()["items"]} >= {"K-2001"}
        assert (await partner.get("/customers/C-1002/cancellations")).status_code == 404


async def cancelled(partner: httpx2.AsyncClient) -> Any:
    """Ask for the sample licence to be cancelled, twice: it is one request."""
    data = {
        "customer_id": "C-1001",
        "channel": "partner",
        "received_at": datetime.now(UTC).isoformat(),
        "contract_numbers": ["K-2001"],
        "contact": {"name": "Cliente de Prueba", "email": "cliente@example.test"},
        "destruction_confirmed": True,
    }
    event = {
        "specversion": "1.0",
        "id": "cancel-1",
        "source": "/channels/partners/whole-way/crm",
        "type": "submission.cancellation.v1",
        "data": data,
    }
    headers = {"content-type": "application/cloudevents+json"}
    first = await partner.post("/submissions", content=json.dumps(event), headers=headers)
    again = await partner.post("/submissions", content=json.dumps(event), headers=headers)
    event["data"] = data | {"comment": "Otra cosa"}
    other = await partner.post("/submissions", content=json.dumps(event), headers=headers)
    assert [it.status_code for it in (first, again, other)] == [202, 202, 409], first.text
    assert first.headers["location"] == again.headers["location"]
    return first.json()


async def opened(partner: httpx2.AsyncClient, url: str) -> Any:
    return (await partner.get(url)).json().get("inquiry")


async def told_of(hook: Receiver, ce_type: str) -> bool:
    return bool(of_type(hook, ce_type))


def of_type(hook: Receiver, ce_type: str) -> list[Any]:
    return [it for it in hook.got if json.loads(it.body)["type"] == ce_type]


async def more_than(hook: Receiver, number: int) -> bool:
    return len(hook.got) > number


async def all_delivered(partner: httpx2.AsyncClient, webhook: str) -> Any:
    log = (await partner.get(f"/webhooks/{webhook}/deliveries")).json()["items"]
    sent = {it["type"] for it in log if it["state"] == "delivered"}
    return log if sent == {"inquiry.opened.v1", "cancellation.scheduled.v1"} else None


async def test_the_lines_of_the_page_do_what_it_says(open_desk: Desk) -> None:
    found = re.search(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    path = f"{Path(COMMAND).parent}:{environment()['PATH']}"

    process = await asyncio.create_subprocess_exec(
        *("bash", "-e", "-o", "pipefail", "-c", found[1]),
        cwd=open_desk.directory.parent,
        env=environment(PATH=path, **as_the_portal(open_desk)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    answers = [json.loads(line) for line in out.decode().splitlines() if line]
    assert answers[0]["secret"].startswith("whsec_")
    assert answers[1]["status"] in ("sent", "received")
    assert answers[2]["ce_id"] == answers[1]["ce_id"]
    assert [it["number"] for it in answers[3]["items"]][:1] == ["K-2001"]
    assert all("items" in it for it in answers[3:])
