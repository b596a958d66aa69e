"""The agents' pages: boards, an inquiry, a referral, authorisations, an act's result."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from services.operations_console.agent_acts import FILE, Act, RecordChanged, SeenRecord, Subject
from services.operations_console.agent_words import (
    came_of,
    countdown,
    foreseen_words,
    happened,
)
from services.operations_console.boards import Board, FileBoard, Listed
from services.operations_console.console import Console
from services.operations_console.pages.cases import number_in
from shared.events.agents import (
    AccessAuthorised,
    ActivationUnlocked,
    AgentAction,
    ContractApproved,
    InquiryAnswered,
    InquiryRouted,
    ReferralDecided,
)
from shared.events.states import InquiryStatus
from shared.events.text import is_blank
from shared.events.topics import ARCHIVE, CANCELLATION
from shared.operations.cases import OPENED
from shared.operations.errors import NoSuchInquiry
from shared.operations.event_text import word
from shared.operations.service_client import ServiceError
from shared.outage import Outage
from shared.web.forms import Form, given, text
from shared.web.languages import N_
from shared.web.live import Part, live
from shared.web.pages import NotFound, Visit
from shared.web.sessions import Operator

ANSWERED_WITHIN_S = 3.0
"""The desk decides most acts by then, so their page shows the answer without scripts."""
LOOK_EVERY_S = 0.25
LOOK_AGAIN_S = 3.0
QUEUES = ("contracts", "orders", "maintenance", "billing", "registrations", "cancellations")
BOARD, FROM, SUBMISSIONS = "board", "from", "desk.submissions"
MOST_NUMBER = 10**6
MOST_STEPS = 100
"""How many of the last steps of a record are shown."""
NO_REASON = N_("Give the reason: the customer reads it")


@dataclass(frozen=True, slots=True)
class Again:
    """The page is shown again, with more to say."""

    context: dict[str, Any]
    status: int = 422


NOTHING_MORE: dict[str, Any] = {"changed": None, "silent": None, "foreseen": None}


# Boards


async def inquiries(console: Console, visit: Visit, _operator: Operator) -> Response:
    """Open inquiries, the earliest answer target first, with the staffed time that is left."""
    asked = visit.asked(BOARD)
    board = Board(asked) if asked in set(Board) else Board.FOR_THE_DESK
    found = await console.boards.inquiries(board, _first(visit))
    now = console.now()
    return visit.show(
        "inquiries.html",
        board=board.value,
        rows=[(it, countdown(console.calendar, now, it["answer_due_at"])) for it in found.rows],
        staffed=console.calendar.is_staffed(now),
        in_words=_in_words(visit),
        **_pages(visit, "inquiries", board.value, found),
    )


async def referrals(console: Console, visit: Visit, _operator: Operator) -> Response:
    """Lists what professionals decide: inquiries, suspended cancellations, renewals."""
    asked = visit.asked(BOARD)
    if asked in set(FileBoard):
        board = FileBoard(asked).value
        found = await console.boards.files(FileBoard(asked), _first(visit))
        rows: list[Any] = [*found.rows]
    else:
        board, now = Board.REFERRED.value, console.now()
        found = await console.boards.inquiries(Board.REFERRED, _first(visit))
        rows = [
            (it, contract["contract_number"], countdown(console.calendar, now, it["answer_due_at"]))
            for it in found.rows
            for contract in it["contracts"]
            if contract["status"] == Board.REFERRED.value
        ]
    return visit.show(
        "referrals.html",
        board=board,
        rows=rows,
        counts=await console.boards.counts(),
        in_words=_in_words(visit),
        **_pages(visit, "referrals", board, found),
    )


def _first(visit: Visit) -> int:
    return number_in(visit.asked(FROM), MOST_NUMBER)


def _pages(visit: Visit, name: str, board: str, found: Listed) -> dict[str, Any]:
    """Where the page is within its list, and the ways to its neighbours."""

    def address(first: int | None) -> str:
        query = {BOARD: board, FROM: str(first)}
        return "" if first is None else visit.url_with(name, query)

    return {"found": found, "earlier": address(found.before), "later": address(found.after)}


# One inquiry


async def inquiry(console: Console, visit: Visit, operator: Operator) -> Response:
    """An inquiry, what happened to it, and an agent's answer or another queue for it."""
    seen = await _inquiry(console, visit.parameter("inquiry"))
    if not visit.posted:
        return _show_inquiry(console, visit, seen, Form(), Again({}, 200))
    sent = await visit.form()
    form = given(sent)
    event = _of_inquiry(form, seen.subject.id, operator)
    again = await _sent(console, visit, sent, form, event)
    if isinstance(again, Response):
        return again
    return _show_inquiry(console, visit, await _inquiry(console, seen.subject.id), form, again)


async def _inquiry(console: Console, named: str) -> SeenRecord:
    try:
        return await console.agent_acts.inquiry(named)
    except NoSuchInquiry:
        raise NotFound from None
    except ServiceError as error:
        raise Outage(error.service, "it does not answer") from None


def _of_inquiry(form: Form, inquiry_id: str, operator: Operator) -> AgentAction | None:
    """The event that the form's button says; its faults are the form's."""
    who = {"inquiry_id": inquiry_id, "agent_id": operator.name}
    if form["act"] == "answer":
        data = who | {"text": text(form, "text"), "resolve": form["resolve"] == "yes"}
        return _judged(form, InquiryAnswered, data)
    if form["act"] == "route":
        return _judged(
            form, InquiryRouted, who | {"queue": form["queue"], "reason": text(form, "reason")}
        )
    raise NotFound


def _show_inquiry(
    console: Console, visit: Visit, seen: SeenRecord, form: Form, again: Again
) -> Response:
    opened = next((it.data for e in seen.entries for it in e.events if it.type == OPENED), {})
    status = seen.state.get("status")
    is_waiting = status == InquiryStatus.OPEN
    due = (seen.state.get("answer_due_at") or opened.get("answer_due_at")) if is_waiting else None
    return visit.show(
        "inquiry.html",
        again.status,
        form=form,
        seen=seen,
        opened=opened,
        is_open_to_acts=status in set(InquiryStatus),
        due=_countdown(console, due),
        due_at=due,
        contracts=opened.get("contract_numbers", ()),
        **_steps(seen, visit),
        wrote=[
            (it.topic, f"{it.partition}-{it.offset}")
            for it in seen.entries[-MOST_STEPS:]
            if it.topic == SUBMISSIONS
        ],
        queues=[(it, word("queue", it, visit.language)) for it in QUEUES],
        in_words=_in_words(visit),
        **NOTHING_MORE | again.context,
    )


def _steps(seen: SeenRecord, visit: Visit) -> dict[str, Any]:
    """The last of what happened, and how much came before it."""
    last = seen.entries[-MOST_STEPS:]
    return {
        "steps": happened(last, visit.language),
        "left_out": len(seen.entries) - len(last),
        "of": seen.subject.id,
    }


def _countdown(console: Console, due: Any) -> Any:
    if due is None:
        return None
    at = datetime.fromisoformat(due) if isinstance(due, str) else due
    return countdown(console.calendar, console.now(), at)


# One referral


async def referral(console: Console, visit: Visit, operator: Operator) -> Response:
    """A contract's cancellation file: try a decision, then approve with a date, or refuse."""
    contract = visit.parameter("contract")
    if not visit.posted:
        named = {"inquiry_id": "inquiry", "customer_id": "customer", "invoice_number": "invoice"}
        form = Form({name: visit.asked(it).strip() for name, it in named.items()})
        return await _show_referral(console, visit, contract, form, Again({}, 200))
    sent = await visit.form()
    form = given(sent)
    event = _decision(form, contract, operator)
    if event is not None and form["act"] == "check":
        again: Response | Again = await _tried(console, visit, sent, event)
    else:
        again = await _sent(console, visit, sent, form, event)
    if isinstance(again, Response):
        return again
    return await _show_referral(console, visit, contract, form, again)


def _decision(form: Form, contract: str, operator: Operator) -> AgentAction | None:
    if form["decision"] not in ("approve", "refuse"):
        form.add("decision", N_("Choose whether it is approved or refused"))
        return None
    approved = form["decision"] == "approve"
    data = {
        "contract_number": contract,
        "agent_id": operator.name,
        "approved": approved,
        "effective_on": text(form, "effective_on") if approved else None,
        "reason": text(form, "reason"),
        "inquiry_id": text(form, "inquiry_id"),
        "customer_id": text(form, "customer_id"),
        "invoice_number": text(form, "invoice_number"),
    }
    if not approved:
        form.require({"reason": NO_REASON})
    return _judged(form, ReferralDecided, data)


async def _tried(console: Console, visit: Visit, sent: FormData, event: AgentAction) -> Again:
    try:
        foreseen = await console.agent_acts.foreseen(visit.submission_id(sent), event)
    except ServiceError as error:
        return Again({"silent": error.service}, 409)
    return Again({"foreseen": foreseen_words(foreseen, visit.language)}, 200)


async def _show_referral(
    console: Console, visit: Visit, contract: str, form: Form, again: Again
) -> Response:
    seen = await _record(console, Subject(CANCELLATION, FILE, contract))
    if seen.history is None:
        raise NotFound
    return visit.show(
        "referral.html",
        again.status,
        form=form,
        contract=contract,
        seen=seen,
        **_steps(seen, visit),
        **NOTHING_MORE | again.context,
    )


async def _record(console: Console, subject: Subject) -> SeenRecord:
    try:
        return await console.agent_acts.seen(subject)
    except ServiceError as error:
        raise Outage(error.service, "it does not answer") from None


# Access, activations and contracts' texts


async def authorisations(console: Console, visit: Visit, operator: Operator) -> Response:
    """A customer's access, and a contract's activation and text: looked up, then acted on."""
    if not visit.posted:
        return await _show_authorisations(console, visit, Form(_asked_for(visit)), Again({}, 200))
    sent = await visit.form()
    form = given(sent)
    event = _authorisation(form, operator)
    again = await _sent(console, visit, sent, form, event)
    if isinstance(again, Response):
        return again
    return await _show_authorisations(console, visit, form, again)


def _asked_for(visit: Visit) -> dict[str, str]:
    return {name: visit.asked(name).strip() for name in ("customer_id", "contract_number")}


def _authorisation(form: Form, operator: Operator) -> AgentAction | None:
    who = {"agent_id": operator.name}
    match form["act"]:
        case "authorise":
            return _judged(form, AccessAuthorised, who | {"customer_id": form["customer_id"]})
        case "unlock":
            data = who | {"contract_number": form["contract_number"]}
            return _judged(form, ActivationUnlocked, data)
        case "approve_text":
            data = who | {"contract_number": form["contract_number"]}
            return _judged(form, ContractApproved, data | {"document_id": form["document_id"]})
    raise NotFound


async def _show_authorisations(
    console: Console, visit: Visit, form: Form, again: Again
) -> Response:
    records = {}
    for name, kind in (("customer_id", "customer"), ("contract_number", "contract")):
        if not is_blank(form[name]):
            records[kind] = await _record(console, Subject(ARCHIVE, kind, form[name].strip()))
    return visit.show(
        "authorisations.html",
        again.status,
        form=form,
        customer=records.get("customer"),
        contract=records.get("contract"),
        steps={it: _steps(seen, visit) for it, seen in records.items()},
        **NOTHING_MORE | again.context,
    )


# What every act has in common


def _judged(form: Form, model: type[AgentAction], data: Mapping[str, Any]) -> AgentAction | None:
    form.judge(model, data, {})
    return None if form.faults else model.model_validate(data)


async def _sent(
    console: Console, visit: Visit, sent: FormData, form: Form, event: AgentAction | None
) -> Response | Again:
    """Publish the act, unless its record has changed since the page was loaded."""
    if event is None:
        return Again({})
    act_id = visit.submission_id(sent)
    try:
        await console.agent_acts.publish(act_id, event, _number(form["seen"]))
    except RecordChanged as changed:
        since = happened(changed.since[-MOST_STEPS:], visit.language)
        return Again({"changed": changed, "since": since}, 409)
    except ServiceError as error:
        return Again({"silent": error.service}, 409)
    await _answered(console, act_id)
    return visit.see("act", act=act_id)


async def _answered(console: Console, act_id: str) -> None:
    """Wait a little for the desk's answer."""
    with contextlib.suppress(TimeoutError, ServiceError, Outage):
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            found = await console.agent_acts.read(act_id, refusals=False)
            while not found.is_final:
                await asyncio.sleep(LOOK_EVERY_S)
                found = await console.agent_acts.read(act_id, refusals=False)


def _number(written: str) -> int:
    """Nonsense is no number of steps, so the act is refused."""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else -1


def _in_words(visit: Visit) -> Any:
    return lambda field, value: word(field, value, visit.language)


# What came of it


async def act(console: Console, visit: Visit, _operator: Operator) -> Response:
    found = await _act(console, visit.parameter("act"))
    return visit.show("act.html", **_shown(found, visit))


async def act_live(console: Console, visit: Visit, _operator: Operator) -> Response:
    act_id = visit.parameter("act")
    await _act(console, act_id)

    async def part() -> Part:
        found = await _act(console, act_id)
        return Part(visit.html("parts/act.html", **_shown(found, visit)), found.is_final)

    return live(EveryFewSeconds(), (), part, visit.viewer, visit.site.streams, visit.site.stopping)


async def _act(console: Console, act_id: str) -> Act:
    try:
        return await console.agent_acts.read(act_id)
    except ServiceError as error:
        raise Outage(error.service, "it does not answer") from None


def _shown(found: Act, visit: Visit) -> dict[str, Any]:
    return {"act": found, "rows": came_of(found.events, visit.language)}


class EveryFewSeconds:
    """Wakes a stream again and again: the record's owner is asked each time."""

    @contextlib.contextmanager
    def of(self, *_ids: str) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()

        async def wake() -> None:
            while True:
                await asyncio.sleep(LOOK_AGAIN_S)
                changed.set()

        waking = asyncio.create_task(wake())
        try:
            yield changed
        finally:
            waking.cancel()
