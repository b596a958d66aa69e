"""Agents read boards in the console, act once and on the page as shown, and see the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest

from services.operations_console.boards import FILES, INQUIRIES, FileBoard, fold_inquiry
from services.operations_console.refusals import refusal_of
from shared.events.agents import AgentActionRefused
from shared.kafka.records import Record
from shared.operations.dead_letters.letter import Original
from shared.runtime.operations.answers import Foreseen, ForeseenEvent, RecordedEvent
from shared.web.sessions import Role
from tests.builders.console import NOW, ConsoleOfFew, console_of_few
from tests.builders.portal import Answer, Browser
from tests.unit.customer_portal.test_weight import MOST_BYTES, weight_of
from tests.unit.operations_console.test_boards import stated

INQUIRY = "0b1f9c1e-7a53-5a3e-8f0b-3f1f6c1d2e3f"
ONE, FILE, OTHERS = f"/es/consultas/{INQUIRY}", "/es/derivaciones/K-1", "/es/autorizaciones"
SECRETS = ("Ana Pérez", "ana@example.test", "El secreto")
OPENED = RecordedEvent(
    id="e-1",
    type="inquiry.opened.v1",
    data={
        "inquiry_id": INQUIRY,
        "reference": "INQ-ABCDE-FGHJK-X",
        "kind": "inquiry",
        "customer_id": "C-1",
        "subject": "El secreto de Ana",
        "contact": {"name": "Ana Pérez", "email": "ana@example.test"},
        "answer_due_at": "2026-11-27T16:00:00+00:00",
        "contract_numbers": ["K-1"],
    },
)
ANSWERED = RecordedEvent(
    id="e-2",
    type="inquiry.progressed.v1",
    data={"inquiry_id": INQUIRY, "status": "answered", "text": "El secreto", "by": "agent"},
)
MAILED = RecordedEvent(id="e-3", type="mail.sent", data={"template": "inquiry_opened"})


@pytest.fixture
async def console() -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        console.records.happens("inquiry", INQUIRY, OPENED)
        console.records.happens("file", "K-1")
        yield console


@pytest.fixture
async def marta(console: ConsoleOfFew) -> Browser:
    return await console.signed_in(await console.account("marta", Role.AGENT))


async def form_of(browser: Browser, path: str) -> dict[str, str]:
    """The ticket of a page, and what it says that it has seen."""
    page = await browser.get(path)
    seen = page.body.partition('name="seen" value="')[2].partition('"')[0]
    return {"ticket": page.ticket, "seen": seen}


async def acted(browser: Browser, path: str, **fields: Any) -> Answer:
    return await browser.post(path.partition("?")[0], await form_of(browser, path) | fields)


def published(console: ConsoleOfFew) -> list[tuple[str, str, dict[str, Any]]]:
    return [(it.type, it.key, json.loads(it.value)) for it in console.publisher.published]


# Boards


async def test_open_inquiries_are_listed_with_the_desk_hours_that_are_left(
    console: ConsoleOfFew, marta: Browser
) -> None:
    board = console.own.collection(f"{INQUIRIES}_1")
    for number, due in enumerate((timedelta(hours=2, minutes=5), -timedelta(days=1))):
        document = fold_inquiry({}, stated(1, "open", "referred"))
        document |= {"reference": f"INQ-{number}", "answer_due_at": NOW + due}
        await board.insert_one({"_id": f"i-{number}"} | document)
    await board.insert_one({"_id": "closed"} | fold_inquiry({}, stated(2, "closed")))

    page = await marta.get("/es/consultas")
    referred = await marta.get("/es/derivaciones")
    awaited = await marta.get("/es/consultas?board=awaited")

    assert "quedan 2 h 05 min de atención" in page.body
    assert "con 8 h 00 min de atención de retraso" in page.body
    assert page.body.index("INQ-1") < page.body.index("INQ-0")
    assert "derivaciones/K-0?inquiry=i-0&amp;customer=C-1" in referred.body
    assert "Aquí no espera nada" in awaited.body
    assert 44_000 < weight_of(page.body) <= MOST_BYTES


async def test_renewals_and_suspended_cancellations_are_lists_of_their_own(
    console: ConsoleOfFew, marta: Browser
) -> None:
    files = console.own.collection(f"{FILES}_1")
    renewal = {"invoice_number": "INV 1/7", "lapses_on": "2026-08-15", "referred": "no_policy"}
    waiting = {FileBoard.RENEWALS: True, "lapses_on": "2026-08-15", "renewals": [renewal]}
    suspended = {"suspended": True, "inquiry_id": "i-7", "effective_on": "2026-12-31"}
    await files.insert_one({"_id": "K-1"} | waiting)
    await files.insert_one({"_id": "K-2"} | suspended)

    requests = await marta.get("/es/derivaciones")
    renewals = await marta.get("/es/derivaciones?board=renewals_referred")
    others = await marta.get("/es/derivaciones?board=suspended")

    assert "Renovaciones (1)" in requests.body
    assert "Suspendidas (1)" in requests.body
    assert "Aquí no espera nada" in requests.body
    assert "derivaciones/K-1?invoice=INV%201/7" in renewals.body
    assert "15 de agosto de 2026" in renewals.body
    assert "ninguna política conoce" in renewals.body
    assert "1 a 1 de 1" in renewals.body
    assert "derivaciones/K-2?inquiry=i-7" in others.body
    one = await marta.get("/es/derivaciones/K-1?invoice=INV%201/7")
    assert 'name="invoice_number" type="text" value="INV 1/7"' in one.body


async def test_a_board_has_pages(console: ConsoleOfFew, marta: Browser) -> None:
    board = console.own.collection(f"{INQUIRIES}_1")
    for number in range(60):
        document = fold_inquiry({}, stated(1, "open"))
        document |= {"reference": f"INQ-{number:02}", "answer_due_at": NOW + timedelta(number)}
        await board.insert_one({"_id": f"i-{number}"} | document)

    first = await marta.get("/es/consultas?board=open")
    second = await marta.get("/es/consultas?board=open&from=50")
    beyond = await marta.get("/es/consultas?board=open&from=99999999")

    assert "1 a 50 de 60" in first.body
    assert 'href="/es/consultas?board=open&amp;from=50"' in first.body
    assert ("INQ-49" in first.body, "INQ-50" in first.body) == (True, False)
    assert "51 a 60 de 60" in second.body
    assert 'href="/es/consultas?board=open&amp;from=0"' in second.body
    assert "1 a 50 de 60" in beyond.body


async def test_of_a_long_history_the_last_steps_are_shown(
    console: ConsoleOfFew, marta: Browser
) -> None:
    for _ in range(150):
        console.records.happens("inquiry", INQUIRY, ANSWERED)

    page = await marta.get(ONE)

    assert page.body.count("Novedad") == 100
    assert "51 pasos anteriores no se muestran" in page.body
    sent = await acted(marta, ONE, act="answer", text="Sí.")
    assert sent.status == 303


async def test_an_inquiry_shows_nobodys_data(console: ConsoleOfFew, marta: Browser) -> None:
    console.records.happens("inquiry", INQUIRY, ANSWERED)

    for path in (ONE, FILE):
        page = await marta.get(path)
        assert page.status == 200
        assert [it for it in SECRETS if it in page.body] == []
        assert ("/es/temas/desk.submissions/0-0" in page.body) == (path == ONE), "with a reason"
        assert 44_000 < weight_of(page.body) <= MOST_BYTES


# Acts


@pytest.mark.parametrize(
    ("path", "fields", "event"),
    [
        (
            ONE,
            {"act": "answer", "text": "Está\r\nde camino.", "resolve": "yes"},
            (
                "agent.inquiry_answered.v1",
                INQUIRY,
                {"inquiry_id": INQUIRY, "text": "Está\nde camino.", "resolve": True},
            ),
        ),
        (
            ONE,
            {"act": "route", "queue": "billing", "reason": ""},
            ("agent.inquiry_routed.v1", INQUIRY, {"inquiry_id": INQUIRY, "queue": "billing"}),
        ),
        (
            f"{FILE}?inquiry={INQUIRY}&customer=C-1",
            {
                "act": "decide",
                "decision": "approve",
                "effective_on": "2026-12-31",
                "inquiry_id": INQUIRY,
                "customer_id": "C-1",
            },
            (
                "agent.referral_decided.v1",
                "K-1",
                {
                    "contract_number": "K-1",
                    "approved": True,
                    "effective_on": "2026-12-31",
                    "inquiry_id": INQUIRY,
                    "customer_id": "C-1",
                },
            ),
        ),
        (
            FILE,
            {"act": "decide", "decision": "refuse", "reason": "No procede."},
            (
                "agent.referral_decided.v1",
                "K-1",
                {"contract_number": "K-1", "approved": False, "reason": "No procede."},
            ),
        ),
        (
            f"{OTHERS}?customer_id=C-1",
            {"act": "authorise", "customer_id": "C-1"},
            ("agent.access_authorised.v1", "C-1", {"customer_id": "C-1"}),
        ),
        (
            f"{OTHERS}?contract_number=K-1",
            {"act": "unlock", "contract_number": "K-1"},
            ("agent.activation_unlocked.v1", "K-1", {"contract_number": "K-1"}),
        ),
        (
            f"{OTHERS}?contract_number=K-1",
            {"act": "approve_text", "contract_number": "K-1", "document_id": "d-1"},
            (
                "agent.contract_approved.v1",
                "K-1",
                {"contract_number": "K-1", "document_id": "d-1"},
            ),
        ),
    ],
)
async def test_an_act_is_the_agents_event_with_the_forms_id(
    console: ConsoleOfFew,
    marta: Browser,
    path: str,
    fields: dict[str, str],
    event: tuple[str, str, dict[str, Any]],
) -> None:
    console.records.happens("contract", "K-1")
    form = await form_of(marta, path)

    sent = await marta.post(path.partition("?")[0], form | fields)

    assert sent.status == 303
    [envelope] = console.publisher.published
    headers = dict(envelope.headers)
    assert envelope.topic == "desk.agent-actions"
    assert headers["ce_id"] == form["ticket"].partition(".")[0].encode()
    assert headers["ce_source"] == b"/services/operations_console"
    ce_type, key, data = event
    assert published(console) == [(ce_type, key, data | {"agent_id": "marta"})]
    assert "marta" in (await marta.get(sent.header("location"))).body


async def test_a_double_click_is_one_act(console: ConsoleOfFew, marta: Browser) -> None:
    fields = await form_of(marta, ONE) | {"act": "answer", "text": "Sí."}

    first, second = await asyncio.gather(marta.post(ONE, fields), marta.post(ONE, fields))

    assert first.header("location") == second.header("location") != ""
    assert len(console.publisher.published) == 1


async def test_a_double_click_on_what_is_refused_is_refused_twice(
    console: ConsoleOfFew, marta: Browser
) -> None:
    fields = await form_of(marta, ONE) | {"act": "answer", "text": "Sí."}
    console.records.happens("inquiry", INQUIRY, ANSWERED)

    answers = await asyncio.gather(marta.post(ONE, fields), marta.post(ONE, fields))

    assert [it.status for it in answers] == [409, 409]
    assert console.publisher.published == []


async def test_a_form_that_says_something_else_the_second_time_is_not_taken_for_the_first(
    console: ConsoleOfFew, marta: Browser
) -> None:
    fields = await form_of(marta, ONE) | {"act": "answer", "text": "Sí."}
    await marta.post(ONE, fields)

    second = await marta.post(ONE, fields | {"text": "Mejor no."})

    assert second.status == 409
    assert "marta acaba de actuar" in second.body
    assert "Mejor no." in second.body, "what was written is not lost"
    assert len(console.publisher.published) == 1


async def test_an_act_whose_process_died_is_not_called_published_and_can_be_sent_again(
    console: ConsoleOfFew, marta: Browser
) -> None:
    fields = await form_of(marta, ONE) | {"act": "answer", "text": "Sí."}
    path = (await marta.post(ONE, fields)).header("location")
    acts = console.own.collection("agent_acts").documents
    acts[path.rpartition("/")[2]] |= {
        "published": False,
        "begun_until": NOW - timedelta(seconds=1),
    }
    [before] = console.publisher.published
    page, part = await marta.get(path), await marta.get(f"{path}/en-vivo")

    again = await marta.post(ONE, fields)

    assert "quizá no publicado" in page.body
    assert "publicado; " not in page.body
    assert part.body.endswith("event: done\ndata:\n\n")
    assert again.header("location") == path
    [_, second] = console.publisher.published
    assert (dict(second.headers)["ce_id"], second.value) == (
        dict(before.headers)["ce_id"],
        before.value,
    )
    assert "publicado; " in (await marta.get(path)).body


async def test_an_act_that_was_decided_before_its_process_died_is_not_published_again(
    console: ConsoleOfFew, marta: Browser
) -> None:
    fields = await form_of(marta, ONE) | {"act": "answer", "text": "Sí."}
    path = (await marta.post(ONE, fields)).header("location")
    act_id = path.rpartition("/")[2]
    console.own.collection("agent_acts").documents[act_id] |= {
        "published": False,
        "begun_until": NOW - timedelta(seconds=1),
    }
    own = f"/services/operations_console {act_id}"
    console.records.happens("inquiry", INQUIRY, ANSWERED, by=own)

    again = await marta.post(ONE, fields)

    assert again.header("location") == path
    assert len(console.publisher.published) == 1
    assert "Novedad" in (await marta.get(path)).body


async def test_whose_act_changed_nothing_keeps_nobody_from_the_record(
    console: ConsoleOfFew, marta: Browser
) -> None:
    luis = await console.signed_in(await console.account("luis", Role.AGENT))
    hers, his = await form_of(marta, ONE), await form_of(luis, ONE)
    routed = await marta.post(ONE, hers | {"act": "route", "queue": "billing"})
    act_id = routed.header("location").rpartition("/")[2]
    console.records.happens("inquiry", INQUIRY, by=f"/services/operations_console {act_id}")

    second = await luis.post(ONE, his | {"act": "answer", "text": "Sí."})

    assert second.status == 303
    assert len(console.publisher.published) == 2


async def test_what_changed_meanwhile_is_told_and_nothing_is_published(
    console: ConsoleOfFew, marta: Browser
) -> None:
    form = await form_of(marta, ONE)
    console.records.happens("inquiry", INQUIRY, ANSWERED)

    refused = await marta.post(ONE, form | {"act": "answer", "text": "Lo miramos."})

    assert refused.status == 409
    assert "ha cambiado desde que se cargó" in refused.body
    assert refused.body.count("Novedad") == 2, "in what changed, and in what happened"
    assert "Lo miramos." in refused.body, "what was written is not lost"
    assert console.publisher.published == []
    again = await acted(marta, ONE, act="answer", text="Lo miramos.")
    assert again.status == 303


async def test_a_mail_that_was_sent_meanwhile_is_no_change(
    console: ConsoleOfFew, marta: Browser
) -> None:
    form = await form_of(marta, ONE)
    console.records.happens("inquiry", INQUIRY, MAILED)

    sent = await marta.post(ONE, form | {"act": "answer", "text": "Sí."})

    assert sent.status == 303


async def test_of_two_agents_who_saw_the_same_the_second_is_refused_before_the_desk_answers(
    console: ConsoleOfFew, marta: Browser
) -> None:
    luis = await console.signed_in(await console.account("luis", Role.AGENT))
    hers, his = await form_of(marta, FILE), await form_of(luis, FILE)
    decision = {"act": "decide", "decision": "approve"}

    first = await marta.post(FILE, hers | decision)
    second = await luis.post(FILE, his | decision)

    assert (first.status, second.status) == (303, 409)
    assert "marta acaba de actuar" in second.body
    assert len(console.publisher.published) == 1


async def test_the_second_of_two_agents_sees_what_came_of_the_firsts_act(
    console: ConsoleOfFew, marta: Browser
) -> None:
    luis = await console.signed_in(await console.account("luis", Role.AGENT))
    hers, his = await form_of(marta, ONE), await form_of(luis, ONE)
    await marta.post(ONE, hers | {"act": "answer", "text": "Sí."})
    console.records.happens("inquiry", INQUIRY, ANSWERED)

    second = await luis.post(ONE, his | {"act": "answer", "text": "No."})

    assert second.status == 409
    alert = second.body.partition('role="alert"')[2].partition("</div>")[0]
    assert "marta acaba de actuar" in alert
    assert "Novedad" in alert
    assert len(console.publisher.published) == 1


async def test_an_act_that_the_broker_did_not_take_can_be_sent_again(
    console: ConsoleOfFew, marta: Browser
) -> None:
    fields = await form_of(marta, ONE) | {"act": "answer", "text": "Sí."}
    console.publisher.away = True
    refused = await marta.post(ONE, fields)
    console.publisher.away = False
    sent = await marta.post(ONE, fields)

    assert (refused.status, sent.status) == (503, 303)
    assert len(console.publisher.published) == 1


async def test_without_the_records_owner_nothing_is_published(
    console: ConsoleOfFew, marta: Browser
) -> None:
    fields = await form_of(marta, ONE) | {"act": "answer", "text": "Sí."}
    console.records.silent = True

    assert (await marta.post(ONE, fields)).status == 503
    assert console.publisher.published == []


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        (ONE, {"act": "answer", "text": "  "}, "Rellene este dato"),
        (FILE, {"act": "decide", "decision": "refuse", "reason": " "}, "Dé el motivo"),
        (FILE, {"act": "decide"}, "Elija si se aprueba"),
        (
            FILE,
            {"act": "decide", "decision": "approve", "effective_on": "mañana"},
            "Revise cómo está escrito este dato",
        ),
    ],
)
async def test_a_form_that_says_too_little_is_asked_for_again(
    console: ConsoleOfFew, marta: Browser, path: str, fields: dict[str, str], words: str
) -> None:
    page = await acted(marta, path, **fields)

    assert page.status == 422
    assert words in page.body
    assert console.publisher.published == []


async def test_a_decision_is_tried_with_the_sentence_that_the_customer_would_read(
    console: ConsoleOfFew, marta: Browser
) -> None:
    explanation = {"es": "Se cancela el 31 de diciembre.", "en": "Cancelled on 31 December."}
    scheduled = ForeseenEvent(
        kind="file",
        id="K-1",
        type="cancellation.scheduled.v1",
        data={
            "contract_number": "K-1",
            "effective_on": "2026-12-31",
            "last_billable_on": "2026-12-30",
            "explanation": explanation,
        },
        public=True,
    )
    console.records.brings = Foreseen(events=(scheduled,))

    page = await acted(marta, FILE, act="check", decision="approve", effective_on="2026-12-31")

    assert page.status == 200
    assert "Se cancela el 31 de diciembre." in page.body
    assert console.publisher.published == []
    [record] = console.records.tried
    assert json.loads(record.value)["effective_on"] == "2026-12-31"


# What came of it


async def test_an_act_shows_what_the_desk_made_of_it_without_anybodys_data(
    console: ConsoleOfFew, marta: Browser
) -> None:
    sent = await acted(marta, ONE, act="answer", text="El secreto")
    path = sent.header("location")
    before = await marta.get(path)
    act_id = path.rpartition("/")[2]
    console.records.happens(
        "inquiry", INQUIRY, ANSWERED, by=f"/services/operations_console {act_id}"
    )
    after, part = await marta.get(path), await marta.get(f"{path}/en-vivo")

    assert "aún sin respuesta" in before.body
    assert "Novedad" in after.body
    assert "El secreto" not in after.body
    assert "Novedad" in part.body
    assert part.body.endswith("event: done\ndata:\n\n")


async def refused_by_the_desk(
    console: ConsoleOfFew, act_id: str, field: str, sentence: str
) -> None:
    """The refusal of an act is on its topic, and in the console's index of it."""
    refusal = AgentActionRefused.model_validate(
        {
            "action_id": act_id,
            "agent_id": "marta",
            "errors": [
                {
                    "field": field,
                    "code": "nothing_referred",
                    "message": {"es": sentence, "en": "Nothing waits here."},
                }
            ],
        }
    )
    headers = (
        ("ce_id", b"r-1"),
        ("ce_source", b"/services/cancellation"),
        ("ce_type", refusal.ce_type.encode()),
    )
    value = refusal.model_dump_json().encode()
    refused = Original("desk.rejections", 0, 1, b"marta", value, headers, 0)
    entry = refusal_of(cast(Record, refused), timedelta(days=1))
    assert entry is not None
    await console.own.collection("refusals_1").insert_one(entry)


async def test_an_act_that_the_desk_refuses_shows_every_fault(
    console: ConsoleOfFew, marta: Browser
) -> None:
    sent = await acted(marta, FILE, act="decide", decision="approve")
    act_id = sent.header("location").rpartition("/")[2]
    await refused_by_the_desk(console, act_id, "contract_number", "Nada espera aquí.")

    page = await marta.get(sent.header("location"))

    assert "rechazado" in page.body
    assert "contract_number: Nada espera aquí. (nothing_referred)" in page.body


async def test_an_act_that_intake_refuses_in_its_own_record_is_not_called_decided(
    console: ConsoleOfFew, marta: Browser
) -> None:
    """The inquiry has an entry of it without events; the refusal's topic may be read later."""
    path = (await acted(marta, ONE, act="answer", text="Sí.")).header("location")
    act_id = path.rpartition("/")[2]
    console.records.happens("inquiry", INQUIRY, by=f"/services/operations_console {act_id}")

    before = await marta.get(path)
    await refused_by_the_desk(console, act_id, "inquiry_id", "No hay ninguna consulta así.")
    after, part = await marta.get(path), await marta.get(f"{path}/en-vivo")

    assert "aún sin respuesta" in before.body
    assert "hx-sse:connect" in before.body
    assert "rechazado" in after.body
    assert "inquiry_id: No hay ninguna consulta así." in after.body
    assert part.body.endswith("event: done\ndata:\n\n")


async def test_an_act_that_found_everything_done_already_is_decided(
    console: ConsoleOfFew, marta: Browser
) -> None:
    path = (await acted(marta, FILE, act="decide", decision="approve")).header("location")
    act_id = path.rpartition("/")[2]
    console.records.happens("file", "K-1", by=f"/services/operations_console {act_id}")

    assert "No ha cambiado nada: ya era así." in (await marta.get(path)).body


@pytest.mark.parametrize(
    ("status", "is_offered"), [("closed", True), ("rejected", False), ("follow_up", False)]
)
async def test_what_opened_no_inquiry_is_not_to_be_answered(
    console: ConsoleOfFew, marta: Browser, status: str, is_offered: bool
) -> None:
    record = console.records.known["inquiry", INQUIRY]
    console.records.known["inquiry", INQUIRY] = record.model_copy(
        update={"state": {"status": status, "language": "es"}}
    )

    page = (await marta.get(ONE)).body

    assert ('name="act" value="answer"' in page) is is_offered
    assert ("no ha abierto ninguna consulta" in page) is not is_offered


@pytest.mark.parametrize(
    ("status", "is_late"), [("open", True), ("resolved", False), ("closed", False)]
)
async def test_only_an_open_inquiry_is_late(
    console: ConsoleOfFew, marta: Browser, status: str, is_late: bool
) -> None:
    record = console.records.known["inquiry", INQUIRY]
    due = {"answer_due_at": (NOW - timedelta(days=1)).isoformat()}
    console.records.known["inquiry", INQUIRY] = record.model_copy(
        update={"state": {"status": status, "language": "es"} | due}
    )

    page = (await marta.get(ONE)).body

    assert ("de retraso" in page) is is_late


@pytest.mark.parametrize("authorised", [False, True])
async def test_access_is_authorised_once(
    console: ConsoleOfFew, marta: Browser, authorised: bool
) -> None:
    console.records.happens("customer", "C-1")
    record = console.records.known["customer", "C-1"]
    console.records.known["customer", "C-1"] = record.model_copy(
        update={"state": {"authorised": authorised}}
    )

    page = (await marta.get(f"{OTHERS}?customer_id=C-1")).body

    assert ('value="authorise"' in page) is not authorised
