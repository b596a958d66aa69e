"""The `desk` command against a running desk, as a new user types it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from desk.local.supervisor import Desk
from shared.events.envelope import message_uuid
from shared.events.reference import reference_of
from shared.events.topics import CANCELLATION
from shared.mongo.client import Database, connect
from tests.apache_kafka.security import ADMIN
from tests.builders import clients
from tests.builders.desk_command import contract, desk
from tests.builders.users import url_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAIL = ("--name", "Cliente de Prueba", "--email", "cliente@example.test")


async def published(here: Path, *events: dict[str, Any]) -> None:
    ran = await desk("publish", "-", cwd=here, stdin=json.dumps(events))
    assert ran.code == 0, ran.err


async def answered(here: Path, number: str, customer: str) -> None:
    """A request for the contract has its first answer: its record has gone all the way."""
    ran = await desk(
        *("submit", "cancellation", "--customer", customer, "--contract", number),
        *("--wait", "20"),
        cwd=here,
    )
    assert ran.code == 0, ran.err


async def test_a_cancellation_is_submitted_answered_and_told(here: Path, running: Desk) -> None:
    await published(here, contract("CLI-1", "C-cli-1"))

    asked = await desk(
        *("submit", "cancellation", "--customer", "C-cli-1", "--contract", "CLI-1"),
        *("--destruction-confirmed", *MAIL, "--id", "cli-1", "--wait", "20"),
        cwd=here,
    )

    reference = reference_of(message_uuid("/channels/web", "cli-1"))
    assert asked.code == 0, asked.err
    assert f"Inquiry {reference} opened" in asked.out
    assert "CLI-1: cancellation scheduled (received" in asked.out
    assert "Mail sent: cancellation_scheduled" in asked.out
    assert "Done: everything that was asked has its answer." in asked.out

    told = await desk("inquiry", *reference.lower().split("-"), "--language", "es", cwd=here)
    assert told.code == 0, told.err
    assert f"Consulta {reference} abierta" in told.out
    assert "CLI-1: cancelación programada" in told.out
    assert "política monthly-notice" in told.out
    assert "estado" in told.out
    assert "tipo cancelación" in " ".join(told.out.split())
    assert "Destrucción de todas las copias confirmada" in told.out
    assert "Correo enviado: cancellation_scheduled" in told.out


async def test_the_first_command_of_the_readme_shows_the_customers_mail(here: Path) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    command = next(line for line in readme.splitlines() if line.startswith("desk submit cancell"))
    await published(here, contract("K-2001", "C-1001"))

    ran = await desk(*shlex.split(command.partition("#")[0])[1:], "--language", "es", cwd=here)

    assert ran.code == 0, ran.err
    assert "K-2001: cancelación programada" in ran.out
    assert "Hecho: todo lo que se pidió tiene su respuesta." in ran.out
    assert "To          " in ran.out or "To " in ran.out
    assert "cliente@example.test" in ran.out


async def test_a_reference_is_told_only_once_the_desk_has_given_it(here: Path) -> None:
    asked = await desk(
        *("submit", "copy", "--customer", "C-cli-20", "--contract", "CLI-20", "--id", "cli-20"),
        cwd=here,
    )
    as_json = await desk(
        *("submit", "copy", "--customer", "C-cli-20", "--contract", "CLI-20", "--json"), cwd=here
    )

    assert asked.code == 0, asked.err
    assert "INQ-" not in asked.out
    assert "desk inquiry cli-20" in asked.out
    assert as_json.json[0]["reference"] is None


async def test_what_a_desk_keeps_is_its_owners_alone(here: Path) -> None:
    assert (here / ".desk").stat().st_mode & 0o777 == 0o700


async def test_missing_evidence_ends_the_wait_and_its_arrival_schedules(here: Path) -> None:
    await published(here, contract("CLI-2", "C-cli-2"))

    asked = await desk(
        *("submit", "cancellation", "--customer", "C-cli-2", "--contract", "CLI-2", "--json"),
        *("--wait", "20"),
        cwd=here,
    )
    given = await desk(
        *("submit", "evidence", "--customer", "C-cli-2", "--contract", "CLI-2"),
        *("--destruction-confirmed", "--wait", "20", "--language", "es"),
        cwd=here,
    )

    [request] = asked.json
    assert (asked.code, request["outcome"]) == (0, "evidence_awaited")
    assert given.code == 0, given.err
    assert "CLI-2: cancelación programada" in given.out


async def test_a_rejection_lists_every_faulty_field_and_fails(here: Path) -> None:
    registration = {
        "ce_type": "submission.registration.v1",
        "data": {
            "customer_id": "C-cli-3",
            "channel": "web",
            "received_at": "2020-01-01T00:00:00Z",
            "name": "Cliente de Prueba",
            "email": "nowhere",
            "phone": "900 000 000",
            "country": "ES",
            "consents": [],
        },
    }

    checked = await desk("submit", "-", cwd=here, stdin=json.dumps(registration))
    ran = await desk(
        "submit", "-", "--unchecked", "--wait", "20", cwd=here, stdin=json.dumps(registration)
    )

    assert (checked.code, checked.out) == (2, "")
    assert "nothing was sent" in checked.err
    assert "data.company: Field required" in checked.err
    assert ran.code == 1
    for field in ("email", "company", "received_at", "consents.store_and_contact"):
        assert f"{field}: " in ran.out
    assert "Correct the fields above" in ran.out


async def test_several_submissions_of_a_file_are_told_apart(here: Path) -> None:
    questions = [
        {
            "ce_type": "submission.inquiry.v1",
            "ce_id": f"cli-question-{number}",
            "data": {
                "customer_id": "C-cli-4",
                "channel": "web",
                "received_at": "2999-01-01T00:00:00Z" if number == 2 else None,
                "request_type": "contracts",
                "subject": "Aviso",
                "text": "¿Cuál es el plazo?",
            },
        }
        for number in (1, 2)
    ]
    (here / "questions.json").write_text(json.dumps(questions))

    ran = await desk("submit", "questions.json", "--unchecked", "--wait", "20", cwd=here)

    assert ran.code == 1
    assert "1  Rejected" in ran.out
    assert "2  Rejected" in ran.out
    assert "received_at" in ran.out


async def test_a_question_stays_open_until_a_professional_answers(here: Path) -> None:
    asked = await desk(
        *("submit", "inquiry", "--customer", "C-cli-5", "--type", "contracts"),
        *("--subject", "Aviso", "--text", "Una pregunta", *MAIL, "--wait", "20", "--json"),
        cwd=here,
    )
    [question] = asked.json
    answer = {
        "ce_type": "agent.inquiry_answered.v1",
        "data": {
            "inquiry_id": question["reference"],
            "agent_id": "agent-1",
            "text": "Treinta días.",
        },
    }
    await published(here, answer)
    followed = await desk(
        *("submit", "follow-up", "--customer", "C-cli-5", "--text", "Gracias", "--wait", "20"),
        *("--inquiry", reference_of(message_uuid("/channels/web", question["ce_id"]))),
        cwd=here,
    )

    assert (asked.code, question["outcome"]) == (0, "open")
    assert followed.code == 0, followed.err
    assert "Gracias" in followed.out


async def test_the_timeline_is_json_for_scripts(here: Path) -> None:
    await desk(
        *("submit", "copy", "--customer", "C-cli-6", "--contract", "CLI-6", "--id", "cli-6"),
        *("--wait", "20"),
        cwd=here,
    )

    ran = await desk("inquiry", "cli-6", "--json", cwd=here)

    assert ran.json["state"]["kind"] == "contract_copy"
    assert ran.json["timeline"][0]["type"] == "inquiry.opened.v1"


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("INQ-00000-00000-0", "no inquiry has"),
        ("INQ-00000-00000-1", "cannot be a reference"),
        ("never-submitted", "no inquiry has"),
    ],
)
async def test_an_unknown_inquiry_is_told_with_what_to_do(
    here: Path, named: str, told: str
) -> None:
    ran = await desk("inquiry", named, cwd=here)

    assert (ran.code, ran.out) == (1, "")
    assert told in ran.err


async def test_a_preview_explains_and_changes_nothing(here: Path, running: Desk) -> None:
    await published(here, contract("CLI-7", "C-cli-7", "software_maintenance"))
    await answered(here, "CLI-7", "C-cli-7")
    client = connect(url_of(ADMIN, running.endpoints.mongo_url))
    files = Database(client, f"desk_{CANCELLATION}").collection("file")
    before = await files.find_one({"_id": "CLI-7"})

    unsigned = await desk("cancellation", "preview", "CLI-7", cwd=here)
    signed = await desk("cancellation", "preview", "CLI-7", "--signed", "--json", cwd=here)
    unknown = await desk("cancellation", "preview", "CLI-none", cwd=here)

    assert "CLI-7: still missing the signature" in unsigned.out
    assert "Nothing was changed." in unsigned.out
    assert [(event["ce_type"], event["data"]["inquiry_id"]) for event in signed.json[:1]] == [
        ("cancellation.scheduled.v1", "preview")
    ]
    assert "The registry has not reported this contract." in unknown.out
    assert before is not None
    assert await files.find_one({"_id": "CLI-7"}) == before
    client.close()


async def test_a_preview_is_the_deployed_services_whatever_is_in_the_operators_environment(
    here: Path,
) -> None:
    await published(here, contract("CLI-24", "C-cli-24"))
    await answered(here, "CLI-24", "C-cli-24")
    own_terms = [{"version": "9999-9", "holds_from": "2000-01-01", "monthly_notice_days": 90}]
    asked = ("cancellation", "preview", "CLI-24", "--destruction-confirmed", "--json")

    plain = await desk(*asked, cwd=here)
    with_own = await desk(
        *asked,
        cwd=here,
        env={"POLICY_TERMS": json.dumps(own_terms), "CONTRACT_GRACE_SECONDS": "no number"},
    )

    assert plain.code == 0, plain.err
    assert [event["data"]["policy_version"] for event in plain.json][:1] == ["2024-1"]
    assert with_own.code == 0, with_own.err
    assert with_own.json == plain.json


async def test_a_faulty_question_is_refused_with_every_fault_and_another_credential_is_not_let_in(
    here: Path,
) -> None:
    faulty = await desk("cancellation", "preview", "K 1", "--customer", "C 1", cwd=here)
    strange = await desk(
        *("cancellation", "preview", "K-1"),
        cwd=here,
        env={"INTERNAL_CREDENTIAL": "another-credential"},
    )
    away = await desk(
        *("cancellation", "preview", "K-1"),
        cwd=here,
        env={"CANCELLATION_URL": "http://127.0.0.1:1"},
    )

    assert (faulty.code, "contract_number" in faulty.err, "customer_id" in faulty.err) == (
        2,
        True,
        True,
    )
    assert strange.code == 1
    assert "cancellation asks for another credential" in strange.err
    assert away.code == 1
    assert "cancellation does not answer at http://127.0.0.1:1" in away.err
    assert "`desk verify`" in away.err


async def test_dead_letters_are_listed_although_a_service_is_silent_and_that_is_said(
    here: Path,
) -> None:
    ran = await desk(
        *("dead-letters", "list", "--json"),
        cwd=here,
        env={"CANCELLATION_URL": "http://127.0.0.1:1"},
    )

    assert ran.code == 1
    assert set(ran.json) == {"letters", "handled", "parked"}
    assert "cancellation does not answer" in ran.err
    assert "What is parked there is not shown." in ran.err


async def test_mails_are_listed_and_shown(here: Path) -> None:
    await desk(
        *("submit", "inquiry", "--customer", "C-cli-8", "--type", "contracts"),
        *("--subject", "Un aviso", "--text", "¿?", *MAIL, "--wait", "20"),
        cwd=here,
    )

    listed = await desk("mail", cwd=here)
    shown = await desk("mail", "1", cwd=here)
    none = await desk("mail", "--open", "999", cwd=here)

    of_nobody = await desk("mail", "--to", "nobody@", "--json", cwd=here)
    about_it = ("--about", "Un aviso", "--json")
    in_english = await desk("mail", "--language", "en", *about_it, cwd=here)
    recent = await desk("mail", "--since", "10m", *about_it, cwd=here)
    wrong = await desk("mail", "--since", "yesterday", cwd=here)

    assert "cliente@example.test" in listed.out
    assert (of_nobody.json, in_english.json) == ([], [])
    assert [(it["to"], it["language"]) for it in recent.json] == [("cliente@example.test", "es")]
    assert (wrong.code, "write it like" in wrong.err) == (2, True)
    assert "Subject" in shown.out
    assert (none.code, none.out) == (2, "")
    assert "there is no mail 999" in none.err


async def test_the_desk_verifies_and_a_broken_record_fails(here: Path, running: Desk) -> None:
    await published(here, contract("CLI-9", "C-cli-9"))
    await desk(
        *("submit", "cancellation", "--customer", "C-cli-9", "--contract", "CLI-9"),
        *("--destruction-confirmed", "--wait", "20"),
        cwd=here,
    )
    client = connect(url_of(ADMIN, running.endpoints.mongo_url))
    files = Database(client, f"desk_{CANCELLATION}").collection("file")

    sound = await desk("verify", cwd=here)
    await files.update_one({"_id": "CLI-9"}, {"$set": {"state.sequence": 7}})
    broken = await desk("verify", cwd=here)
    await files.update_one({"_id": "CLI-9"}, {"$set": {"state.sequence": 1}})
    client.close()

    assert sound.code == 0, sound.out
    assert "Every record follows from its history." in sound.out
    assert broken.code == 1
    assert "CLI-9: the stored state is not what the history adds up to" in broken.out


async def test_the_doctor_finds_a_running_desk_well(here: Path, running: Desk) -> None:
    ran = await desk("doctor", "--json", cwd=here)

    assert ran.code == 0, ran.out
    verdicts = {check["name"]: check["verdict"] for check in ran.json}
    assert {"broker", "database", "mail", "topics", "lag cancellation"} <= verdicts.keys()
    assert "fail" not in verdicts.values()
    assert verdicts["timestamps"] == "ok"
    assert verdicts["replicas"] == ("ok" if "broker" in running.stack.children else "warn")


async def test_a_record_that_nobody_can_read_shows_up_at_the_doctors(
    here: Path, running: Desk
) -> None:
    async with clients.producer(running.endpoints.kafka_bootstrap_servers) as producer:
        await producer.send_and_wait("registry.contracts", b"no event", key=b"CLI-10")
    await published(here, contract("CLI-10", "C-cli-10"))
    await answered(here, "CLI-10", "C-cli-10")

    ran = await desk("doctor", cwd=here, env={"COLUMNS": "200"})

    assert "unreadable in contract_archive" in ran.out

    listed = await desk("dead-letters", "list", cwd=here, env={"COLUMNS": "200"})
    assert listed.code == 0, listed.err
    assert "contract_archive: header ce_type is missing" in listed.out
    replayed = await desk("dead-letters", "replay", cwd=here)
    assert (replayed.code, "nothing to replay" in replayed.out) == (0, True)


async def test_nothing_is_published_while_one_event_has_a_fault(here: Path) -> None:
    faulty = {"ce_type": "billing.invoice_paid.v1", "data": {}}

    ran = await desk(
        "publish", "-", cwd=here, stdin=json.dumps([contract("CLI-11", "C-cli-11"), faulty])
    )

    assert (ran.code, ran.out) == (2, "")
    assert "event 2: data.invoice_number: Field required" in ran.err


@pytest.mark.parametrize("command", ["doctor", "verify", "mail", "inquiry x", "publish FILE"])
async def test_without_a_desk_every_command_says_how_to_get_one(
    tmp_path: Path, command: str
) -> None:
    file = tmp_path / "paid.json"
    file.write_text(json.dumps(contract("CLI-12", "C-cli-12")))

    ran = await desk(*command.replace("FILE", str(file)).split(), cwd=tmp_path)

    assert (ran.code, ran.out) == (2, "")
    assert "Run `desk up` in another terminal" in ran.err


@pytest.mark.parametrize("command", ["verify", "publish FILE", "inquiry x"])
async def test_a_desk_that_is_away_is_told_without_a_traceback(
    tmp_path: Path, command: str
) -> None:
    file = tmp_path / "paid.json"
    file.write_text(json.dumps(contract("CLI-13", "C-cli-13")))
    away = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "MONGO_URL": "mongodb://127.0.0.1:1",
        "INQUIRY_INTAKE_URL": "http://127.0.0.1:1",
    }

    ran = await desk(*command.replace("FILE", str(file)).split(), cwd=tmp_path, env=away)

    assert ran.code == 1
    assert "does not answer" in ran.err
    assert "Traceback" not in ran.err
