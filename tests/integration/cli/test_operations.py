"""Operators read the records, cases, topics and open work of a running desk."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import shlex
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from limits.aio.storage import MemoryStorage

from desk.local.supervisor import Desk
from services.operations_console.projections import FOLDS, indexes
from services.operations_console.service import wire
from services.operations_console.settings import Settings
from shared.events.topics import ARCHIVE, CONSOLE, INTAKE
from shared.operations.open_work import Waiting
from shared.operations.rights import OPERATORS
from shared.operations.service_client import services_at
from shared.runtime.projections.projector import Projections
from tests.apache_kafka.security import ADMIN
from tests.builders import clients
from tests.builders.desk_command import COMMAND, contract, desk, environment
from tests.builders.users import as_service, url_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

EMAIL, NAME = "cliente@example.test", "Cliente de Prueba"
WITHIN_S = 60.0


async def published(here: Path, *events: dict[str, Any]) -> None:
    ran = await desk("publish", "-", cwd=here, stdin=json.dumps(events))
    assert ran.code == 0, ran.err


async def cancelled(here: Path, name: str) -> dict[str, Any]:
    """A cancellation of one contract, answered and mailed; what `desk submit --json` says."""
    await published(here, contract(f"{name}-1", f"C-{name}"))
    ran = await desk(
        *("submit", "cancellation", "--customer", f"C-{name}", "--contract", f"{name}-1"),
        *("--destruction-confirmed", "--name", NAME, "--email", EMAIL, "--comment", "privado"),
        *("--id", name, "--wait", "30", "--json"),
        cwd=here,
    )
    assert ran.code == 0, ran.err
    [told] = ran.json
    return dict(told)


async def test_records_are_shown_decoded_masked_and_chosen_by_any_id(
    here: Path, running: Desk
) -> None:
    told = await cancelled(here, "tail")

    by_id = await desk("tail", "--since", "1h", "--id", told["reference"], "--json", cwd=here)
    by_type = await desk(
        *("tail", "desk.submissions", "--since", "1h", "--type", "submission.cancellation"),
        *("--id", "tail", "--json"),
        cwd=here,
    )
    shown = await desk("tail", "--since", "1h", "--id", told["inquiry_id"], cwd=here)
    wrong = await desk("tail", "no.such", cwd=here)

    opened = [json.loads(line) for line in by_id.out.splitlines()]
    [asked] = [json.loads(line) for line in by_type.out.splitlines()]
    assert [record["type"] for record in opened if record["topic"] == "desk.inquiries"]
    assert (asked["id"], asked["key"], asked["data"]["customer_id"]) == ("tail", "C-tail", "C-tail")
    assert asked["data"]["contact"] == {"name": "•••", "email": "•••"}
    assert "cancellation.scheduled.v1" in shown.out
    for ran in (by_id, by_type, shown):
        assert ran.code == 0, ran.err
        assert not [said for said in (EMAIL, NAME, "privado") if said in ran.out]
    assert (wrong.code, "Traceback" in wrong.err) == (2, False)
    assert "has no topic no.such" in wrong.err


async def test_each_kind_of_id_tells_the_same_case(here: Path, running: Desk) -> None:
    told = await cancelled(here, "case")
    [decision] = [it for it in told["answers"] if it["ce_type"] == "cancellation.scheduled.v1"]
    names = [told["reference"], told["inquiry_id"], "case", "case-1", "C-case", decision["ce_id"]]

    ran = [await desk("case", name, "--json", cwd=here) for name in names]
    shown = await desk("case", told["reference"], "--language", "es", cwd=here)
    nothing = await desk("case", "no-such-id", cwd=here)

    assert [each.err for each in ran if each.code] == []
    timelines = [[step["id"] for step in each.json["timeline"]] for each in ran]
    assert {tuple(sorted(timeline)) for timeline in timelines} == {tuple(sorted(timelines[0]))}
    types = [step["type"] for step in ran[0].json["timeline"]]
    assert types.index("submission.cancellation.v1") < types.index("inquiry.opened.v1")
    assert types.index("inquiry.opened.v1") < types.index("cancellation.scheduled.v1")
    assert {"registry.contract_recorded.v1", "notification.sent.v1"} <= set(types)
    assert [due["kind"] for due in ran[0].json["due"]] != []
    assert shown.code == 0, shown.err
    assert "case-1: cancelación programada" in shown.out
    assert "Se pide cancelar case-1" in " ".join(shown.out.split())
    assert (nothing.code, "nothing has 'no-such-id'" in nothing.err) == (1, True)
    for each in (*ran, shown):
        assert not [said for said in (EMAIL, NAME, "privado") if said in each.out]


@asynccontextmanager
async def console_index(running: Desk) -> AsyncIterator[dict[str, str]]:
    """A console's index beside the desk, kept up to date; the environment that leads to it."""
    prefix = f"index{uuid4().hex[:8]}"
    settings = Settings(
        kafka_bootstrap_servers=running.endpoints.kafka_bootstrap_servers,
        mongo_url=url_of(ADMIN, running.endpoints.mongo_url),
        kafka_group_prefix=prefix,
        mongo_database_prefix=prefix,
        mongo_journal=False,
    )
    settings = await as_service(CONSOLE, settings, OPERATORS)
    process = wire(settings, storage=MemoryStorage())
    await process.generations.begin()
    projections = Projections(
        settings,
        process.views,
        process.generations,
        (),
        folds=FOLDS,
        group=settings.group_of(CONSOLE),
        health=process.health,
        stopping=process.stopping,
        indexes=indexes(settings),
    )
    keeping = asyncio.create_task(projections.run())
    yield {"KAFKA_GROUP_PREFIX": prefix, "MONGO_DATABASE_PREFIX": prefix}
    process.stopping.set()
    await keeping
    process.client.close()


async def test_a_case_is_read_from_an_index_also_where_no_console_runs_any_more(
    here: Path, running: Desk
) -> None:
    told = await cancelled(here, "kept")
    names = [told["reference"], told["inquiry_id"], "kept-1", "C-kept"]
    lost = "mongodb://127.0.0.1:1"

    async with console_index(running) as env:
        during = [await desk("case", name, "--json", cwd=here, env=env) for name in names]
    after = await desk("case", "kept", "--json", cwd=here, env=env)
    on_topics = await desk("case", "kept", "--topics", "--json", cwd=here, env=env)
    lost_index = await desk("case", "kept", "--mongo", lost, "--json", cwd=here, env=env)
    no_index = await desk("case", "kept", "--json", cwd=here)
    nothing = await desk("case", "no-such-id", cwd=here, env=env)

    everything = {step["id"] for step in on_topics.json["timeline"]}
    for ran in (*during, after):
        assert (ran.code, ran.json["read_from"]) == (0, "index"), ran.err
        assert {step["id"] for step in ran.json["timeline"]} == everything
        assert not [said for said in (EMAIL, NAME, "privado") if said in ran.out]
    for ran in (on_topics, lost_index, no_index):
        assert (ran.code, ran.json["read_from"]) == (0, "topics"), ran.err
        assert {step["id"] for step in ran.json["timeline"]} == everything
    assert on_topics.err == ""
    assert "does not answer" in lost_index.err
    assert "no console keeps an index" in no_index.err
    assert "the console's index has nothing of it" in nothing.err
    assert (nothing.code, "nothing has 'no-such-id'" in nothing.err) == (1, True)


async def test_what_cannot_be_decoded_is_shown_as_such_from_its_offset(
    here: Path, running: Desk
) -> None:
    producer = clients.producer(running.endpoints.kafka_bootstrap_servers)
    await producer.start()
    try:
        place = await producer.send_and_wait("orders.orders", b"\xff{", partition=3)
    finally:
        await producer.stop()

    ran = await desk(
        *("tail", "orders.orders", "--partition", "3", "--offset", str(place.offset), "--json"),
        cwd=here,
    )

    [record] = [json.loads(line) for line in ran.out.splitlines()]
    assert (record["offset"], record["data"]) == (place.offset, {})
    assert record["fault"]


async def test_live_records_are_shown_as_they_come_and_no_group_is_joined(
    here: Path, running: Desk
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "tail", "registry.contracts", "--id", "LIVE-1", "--most", "1", "--json"),
        cwd=here,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with clients.admin(running.endpoints.kafka_bootstrap_servers) as admin:
            before = {group for group, _ in await admin.list_consumer_groups()}
            async with asyncio.timeout(WITHIN_S):
                while process.returncode is None:  # it shows what comes once it listens
                    await published(here, contract("LIVE-1", "C-live"))
                    await asyncio.wait({asyncio.ensure_future(process.wait())}, timeout=1.0)
                out, err = await process.communicate()
            after = {group for group, _ in await admin.list_consumer_groups()}
    finally:
        if process.returncode is None:
            process.kill()

    [line] = out.decode().splitlines()
    assert json.loads(line)["data"]["contract_number"] == "LIVE-1"
    assert (process.returncode, err.decode()) == (0, "")
    assert after == before


def hear_interrupts() -> None:
    """A shell lets what it starts in the background ignore them, and so whatever that starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def test_topics_tell_rates_and_lag_and_a_watch_without_a_terminal_is_a_line_each(
    here: Path, running: Desk
) -> None:
    await cancelled(here, "flow")

    ran = await desk("topics", "--json", cwd=here)
    shown = await desk("topics", cwd=here)
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "topics", "--watch"),
        cwd=here,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=hear_interrupts,
    )
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        lines = [(await process.stdout.readline()).decode() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()

    assert (ran.code, shown.code) == (0, 0), ran.err
    [topic] = [it for it in ran.json["topics"] if it["topic"] == "desk.submissions"]
    assert topic["records"] > 0
    assert topic["per_second"] > 0
    lags = {(it["service"], it["topic"]) for it in ran.json["lags"]}
    assert ("cancellation", "desk.timers") in lags
    assert "desk.submissions" in shown.out
    assert all("cancellation " in line and " s)" in line for line in lines)
    assert (process.returncode, err.decode()) == (0, "")


async def test_open_work_is_counted_and_a_silent_service_hides_nothing_else(
    here: Path, running: Desk
) -> None:
    await published(here, contract("work-1", "C-work"))
    asked = await desk(
        *("submit", "cancellation", "--customer", "C-work", "--contract", "work-1"),
        *("--wait", "30", "--json"),
        cwd=here,
    )

    ran = await desk("work", "--json", cwd=here)
    nowhere = {"NOTIFICATION_URL": "http://127.0.0.1:9"}
    silent = await desk("work", "--json", cwd=here, env=nowhere)
    shown = await desk("work", "--language", "es", cwd=here)

    [request] = asked.json
    assert request["outcome"] == "evidence_awaited"
    groups = {group["waiting"]: group for group in ran.json["work"]}
    assert (ran.code, ran.json["silent"]) == (0, []), ran.err
    assert groups["awaited"]["count"] >= 1
    assert groups["awaited"]["further"].startswith("desk case INQ-")
    assert set(groups) == set(Waiting)
    assert (silent.code, len(silent.json["silent"])) == (1, 1)
    assert "notification" in silent.json["silent"][0]
    again = {group["waiting"]: group for group in silent.json["work"]}
    assert again["awaited"]["count"] >= 1
    assert "a la espera del cliente" in shown.out


async def test_a_range_is_tried_again_masked_and_bounded_and_changes_nothing(
    here: Path, running: Desk
) -> None:
    told = await cancelled(here, "range")
    ends = running.endpoints
    assert ends.internal_credential is not None

    ask = ("replay", "desk.submissions", "--id", "range", "--from", "1h", "--json")
    tried = await desk(*ask, cwd=here)
    by_type = await desk(*ask, "--type", "submission.copy", cwd=here)
    shown = await desk("replay", "desk.cancellations", "--from", "0", "--id", "range-1", cwd=here)
    [record] = tried.json["records"]
    place = ("--partition", str(record["partition"]), "--from", str(record["offset"]))
    after = await desk("replay", "desk.submissions", *place, "--most", "1", "--json", cwd=here)
    inquiry = ("replay", "desk.inquiries", "--from", "0", "--id", told["inquiry_id"])
    whole = await desk(*inquiry, "--json", cwd=here)
    cut = await desk(*inquiry, "--most", "1", "--json", cwd=here)
    number = str(cut.json["records"][0]["partition"])
    [further] = [it for it in cut.json["further"] if f"--partition {number}" in it]
    rest = await desk(*shlex.split(further)[1:], "--json", cwd=here)
    nobody = {"INQUIRY_INTAKE_URL": "http://127.0.0.1:9"}
    silent = await desk(*ask, cwd=here, env=nobody)
    async with services_at(ends.internal, ends.internal_credential, [INTAKE]) as services:
        history = await services[INTAKE].history("inquiry", told["inquiry_id"])

    assert (tried.code, tried.json["complete"], tried.json["silent"]) == (0, True, []), tried.err
    [answer] = record["services"]
    assert (answer["service"], answer["outcome"], answer["differences"]) == (INTAKE, "as_then", [])
    assert "inquiry.opened.v1" in [event["type"] for event in answer["events"]]
    assert answer["then"]["events"] == answer["events"]
    assert (by_type.code, by_type.json["records"]) == (0, [])
    assert shown.code == 0, shown.err
    assert "notification: as then: notification.due" in " ".join(shown.out.split())
    assert [it["offset"] for it in after.json["records"]] == [record["offset"]]
    assert (whole.code, cut.code, cut.json["complete"]) == (0, 1, False)
    assert cut.json["records"] + rest.json["records"] == whole.json["records"]
    assert len(whole.json["records"]) > 1
    assert silent.code == 1
    assert "inquiry_intake does not answer" in silent.json["silent"][0]
    assert history is not None
    decided = [entry.message_id for entry in history.entries]
    assert len(decided) == len(set(decided)), "nothing was decided twice"
    for each in (tried, shown, after):
        assert not [said for said in (EMAIL, NAME, "privado") if said in each.out]


PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
HOSTILE = "../../\x1b[2Jcarta.pdf"


async def attached(running: Desk, here: Path, document_id: str, customer_id: str) -> None:
    """A channel has handed the archive a PDF, and told of it."""
    sha256 = hashlib.sha256(PDF).hexdigest()
    said = {
        "document_id": document_id,
        "customer_id": customer_id,
        "media_type": "application/pdf",
        "sha256": sha256,
    }
    ends = running.endpoints
    assert ends.internal_credential is not None
    async with services_at(ends.internal, ends.internal_credential, [ARCHIVE]) as services:
        content = base64.b64encode(PDF).decode()
        await services[ARCHIVE].hand_in(said | {"content": content})
    claim = {
        "purpose": "inquiry",
        "file_name": HOSTILE,
        "size": len(PDF),
        "link": f"/attachments/{document_id}",
        "expires_at": "2099-01-01T00:00:00Z",
    }
    event = {"ce_type": "document.received.v1", "source": "/channels/web", "data": said | claim}
    await published(here, event)


async def test_an_inquirys_attachments_are_told_and_one_is_saved_where_the_operator_says(
    here: Path, running: Desk, tmp_path: Path
) -> None:
    await attached(running, here, "doc-ops-1", "C-ops")
    await attached(running, here, "doc-ops-2", "C-another")
    data = {
        "customer_id": "C-ops",
        "channel": "web",
        "received_at": datetime.now(UTC).isoformat(),
        "request_type": "contracts",
        "subject": "Carta",
        "text": "Adjunta.",
        "contact": {"name": NAME, "email": EMAIL},
        "documents": ["doc-ops-1", "doc-ops-2"],
    }
    submission = {"ce_type": "submission.inquiry.v1", "ce_id": "ops-attached", "data": data}
    sent = await desk("submit", "-", "--wait", "30", cwd=here, stdin=json.dumps(submission))
    assert sent.code == 0, sent.err

    async with asyncio.timeout(WITHIN_S):
        while True:
            told = await desk("inquiry", "ops-attached", "--json", cwd=here)
            first, second = told.json["attachments"]
            if first["standing"] == "kept":
                break
    shown = await desk("inquiry", "ops-attached", cwd=here)
    file = tmp_path / "carta.pdf"
    ask = ("inquiry", "ops-attached", "--save-attachment")
    saved = await desk(*ask, "doc-ops-1", str(file), cwd=here)
    again = await desk(*ask, "doc-ops-1", str(file), cwd=here)
    others = await desk(*ask, "doc-ops-2", str(tmp_path / "b.pdf"), cwd=here)

    assert first["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (first["file_name"], first["size"]) == (HOSTILE, len(PDF))
    assert (second["standing"], second["file_name"]) == (None, None), "another customer's"
    assert "doc-ops-1" in shown.out
    assert "carta.pdf" in shown.out
    assert "\x1b" not in shown.out
    assert (saved.code, file.read_bytes()) == (0, PDF), saved.err
    assert (again.code, others.code) == (2, 1)
    assert "is there already" in again.err
    assert "keeps no attachment" in others.err
    assert [it.name for it in tmp_path.iterdir()] == ["carta.pdf"]
