"""Dead letters: groups, one letter, a correction, a dry run, and what came of dealing with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from services.operations_console.cases import json_of
from services.operations_console.console import Console
from services.operations_console.dead_letters import (
    MOST_FIELDS,
    Drafted,
    Opened,
    at,
    data_of,
    written_id,
)
from services.operations_console.pages.offsets import named_offsets, written_offsets
from services.operations_console.repair_words import (
    OutcomeRow,
    act_said,
    behind_row,
    error_said,
    foreseen_said,
    foretold_row,
    settlement_said,
)
from services.operations_console.repairs import Changed, Repair
from shared.events.field_classes import masked
from shared.events.operations import RepairAct
from shared.events.text import is_blank
from shared.operations.audit_trail import Author
from shared.operations.dead_letters.correct import Correction
from shared.operations.dead_letters.letter import (
    Letter,
    LetterId,
    NoSuchLetters,
)
from shared.operations.dead_letters.listing import FoundLetters
from shared.operations.dead_letters.selection import grouped
from shared.operations.decoded_record import shown
from shared.operations.durations import duration
from shared.operations.errors import OperationError
from shared.operations.parked import Parked, waiting_for
from shared.web.forms import Form, given
from shared.web.languages import N_
from shared.web.live import Part, live
from shared.web.pages import NotFound, Visit
from shared.web.sessions import Operator

MOST_AT_ONCE = 100
"""Letters that one form deals with; the rest is a further form, or the command."""
LONGEST_REASON = 500
SHOWN_WITHIN_S = 2.0
"""Most repairs have ended by then, so their page shows the outcome without scripts."""
NO_REASON = N_("Say in a few words why, without personal data")
LONG_REASON = N_("Say it in at most 500 characters")
NO_LETTER = N_("Choose at least one letter")
TOO_MANY = N_("Choose at most 100 letters at a time")
NO_CHANGE = N_("Say what is to be corrected")
NOT_JSON = N_("Write JSON: a number, true, false, null, or a text in quotes")
BEFORE = "before"
BODY, POINTER, VALUE = "body", "pointer", "value"
HEADER, HEADER_VALUE = "header", "header_value"
SET, REMOVE = "set:", "remove"


async def dead_letters(console: Console, visit: Visit, _operator: Operator) -> Response:
    """The groups of the newest letters, the largest first, or of older ones; and what is parked."""
    before = named_offsets(visit.asked(BEFORE))
    listed = await console.dead_letters.listed(before)
    found, still = listed.found, listed.found.open
    return visit.show(
        "dead_letters.html",
        before=written_offsets(before),
        older=_list_before(visit, listed.older),
        groups=grouped(still),
        waiting=found.waiting,
        silent=found.silent,
        open=len(still),
        handled=len(found.letters) - len(still),
        lasting=_lasting(console, visit),
    )


async def dead_letter_group(console: Console, visit: Visit, operator: Operator) -> Response:
    """The open letters that died like one, or that wait for one record; and what to do with them.

    A form holds the letters that the page showed: what came meanwhile is not touched.
    """
    if visit.posted:
        return await _asked_of_group(console, visit, operator)
    if not visit.asked("like"):  # the address in the other language does not say it
        return visit.see("dead_letters")
    return await _show_group(console, visit, Form())


async def _show_group(
    console: Console,
    visit: Visit,
    form: Form,
    status: int = 200,
    *,
    chosen: Sequence[str] | None = None,
    **more: Any,
) -> Response:
    like = form["like"] or visit.asked("like")
    before = named_offsets(form[BEFORE] or visit.asked(BEFORE))
    listed = await console.dead_letters.listed(before, like)
    letters, parked = _alike(like, listed.found)
    shown_now = letters[:MOST_AT_ONCE]
    context = {"rows": (), "changed": None, "error": None} | more
    return visit.show(
        "dead_letter_group.html",
        status,
        shown=shown,
        form=form,
        like=like,
        before=written_offsets(before),
        older="" if parked else _list_before(visit, listed.older),
        letters=shown_now,
        further=len(parked.waiting if parked else letters) - len(shown_now),
        parked=parked,
        chosen=chosen,
        lasting=_lasting(console, visit),
        **context,
    )


def _list_before(visit: Visit, older: Mapping[int, int]) -> str:
    """The address of the list of older letters; empty where there are none."""
    query = {BEFORE: written_offsets(older)}
    return visit.url_with("dead_letters", query) if older else ""


def _alike(like: str, found: FoundLetters) -> tuple[list[Letter], Parked | None]:
    """The open letters of the group of one letter, or those that wait for a parked record."""
    for parked in found.waiting:
        if parked.name == like:
            return _of_parked(parked, found), parked
    asked = written_id(like)
    group = next((it for it in found.letters if it.id == asked), None)
    if group is None:
        raise NotFound
    same = (group.service, group.reason, group.error)
    return [it for it in found.open if (it.service, it.reason, it.error) == same], None


def _of_parked(parked: Parked, found: FoundLetters) -> list[Letter]:
    """In the order in which they wait; of a message that died twice, the newest letter."""
    newest = {it.message_id: it for it in found.letters if it.service == parked.service}
    return [newest[it] for it in parked.waiting if it in newest]


async def _asked_of_group(console: Console, visit: Visit, operator: Operator) -> Response:
    sent = await visit.form()
    form = given(sent)
    chosen = [it for it in sent.getlist("letter") if isinstance(it, str)]
    ids = [*dict.fromkeys(map(_id, chosen))]
    if not ids:
        form.add("letters", NO_LETTER)
    if len(ids) > MOST_AT_ONCE:
        form.add("letters", TOO_MANY)
    asked = await _done(console, visit, operator, sent, form, ids)
    if isinstance(asked, Response):
        return asked
    return await _show_group(console, visit, form, asked.status, chosen=chosen, **asked.context)


@dataclass(frozen=True, slots=True)
class Again:
    """The page is shown again, with more to say."""

    context: dict[str, Any]
    status: int = 422


async def _done(
    console: Console,
    visit: Visit,
    operator: Operator,
    sent: FormData,
    form: Form,
    ids: Sequence[LetterId],
    correction: Correction | None = None,
) -> Response | Again:
    """Carries out the form's button: a dry run, or a repair with its reason."""
    if form["act"] == "dry_run":
        return Again({}) if form.faults else await _dry_run(console, ids)
    act = _act(form["act"])
    _require_reason(form)
    if form.faults:
        return Again({})
    repair = Repair(
        visit.submission_id(sent), act, tuple(ids), operator.name, form["why"].strip(), correction
    )
    try:
        await console.repairs.begin(repair)
    except Changed as changed:
        return Again({"changed": changed, "settled": _settled(changed)}, 409)
    except OperationError as error:
        return Again({"error": error_said(error)}, 409)
    await console.repairs.settles(repair.id, SHOWN_WITHIN_S)
    return visit.see("repair", repair=repair.id)


async def _dry_run(console: Console, ids: Sequence[LetterId]) -> Again:
    try:
        plan, told = await console.dead_letters.foretold(ids)
    except OperationError as error:
        return Again({"error": error_said(error)}, 409)
    rows = [foretold_row(it) for it in told]
    rows += [behind_row(letter, parked) for letter, parked in plan.behind]
    rows += [OutcomeRow(str(letter), settlement_said(how), bad=True) for letter, how in plan.left]
    return Again({"rows": rows}, 200)


def _settled(changed: Changed) -> list[tuple[str, Any]]:
    return [(str(letter), settlement_said(how)) for letter, how in changed.settled]


def _act(written: str) -> RepairAct:
    """Raises `NotFound` for a button that no page has."""
    try:
        return RepairAct(written)
    except ValueError:
        raise NotFound from None


def _require_reason(form: Form) -> None:
    if is_blank(form["why"]):
        form.add("why", NO_REASON)
    elif len(form["why"]) > LONGEST_REASON:
        form.add("why", LONG_REASON)


# One letter


async def dead_letter(console: Console, visit: Visit, operator: Operator) -> Response:
    """One letter: what it says, masked; what keeps it from being decided; and what to do."""
    asked = _id(visit.parameter("letter"))
    if not visit.posted:
        return await _show_letter(console, visit, asked, Form())
    sent = await visit.form()
    form = given(sent)
    done = await _done(console, visit, operator, sent, form, [asked])
    if isinstance(done, Response):
        return done
    return await _show_letter(console, visit, asked, form, done)


async def _show_letter(
    console: Console, visit: Visit, asked: LetterId, form: Form, again: Again | None = None
) -> Response:
    opened = await _opened(console, asked)
    letter, found = opened.letter, opened.found
    context = {"rows": (), "changed": None, "error": None} | (again.context if again else {})
    written, complete = json_of(opened.data)
    return visit.show(
        "dead_letter.html",
        again.status if again else 200,
        form=form,
        opened=opened,
        letter=letter,
        places=_places(letter, found),
        open=letter.id in {it.id for it in found.open},
        acts=[(it.at, act_said(it)) for it in found.trail.on(letter.id)],
        data=written if opened.data else "",
        complete=complete,
        shown=shown,
        lasting=_lasting(console, visit),
        **context,
    )


async def _opened(console: Console, asked: LetterId) -> Opened:
    try:
        return await console.dead_letters.opened(asked)
    except NoSuchLetters:
        raise NotFound from None


def _places(letter: Letter, found: FoundLetters) -> list[tuple[Parked, int]]:
    """The records for which its message waits, and as which in line."""
    waiting = waiting_for(found.waiting, letter.service, letter.message_id)
    return [(it, it.waiting.index(letter.message_id) + 1) for it in waiting]


# A correction


async def dead_letter_edit(console: Console, visit: Visit, operator: Operator) -> Response:
    """Asks for a correction, shows what it would bring, and sends it."""
    asked = _id(visit.parameter("letter"))
    opened = await _opened(console, asked)
    if not visit.posted:
        return _show_edit(visit, opened, Form())
    sent = await visit.form()
    form = given(sent)
    correction = _correction(form, [str(it) for it in sent.getlist(REMOVE)], opened)
    if correction.is_empty and not form.faults:
        form.add(POINTER, NO_CHANGE)
    if form["act"] != "check":
        _require_reason(form)
    if form.faults:
        return _show_edit(visit, opened, form, 422)
    author = Author(operator.name, form["why"].strip())
    try:
        drafted = await console.dead_letters.drafted(asked, correction, author)
    except OperationError as error:
        return _show_edit(visit, opened, form, 422, error=error_said(error))
    if form["act"] == "check":
        return _show_edit(visit, opened, form, drafted=drafted, correction=correction)
    done = await _done(console, visit, operator, sent, form, [asked], correction)
    if isinstance(done, Response):
        return done
    return _show_edit(
        visit, opened, form, done.status, drafted=drafted, correction=correction, **done.context
    )


def _show_edit(
    visit: Visit,
    opened: Opened,
    form: Form,
    status: int = 200,
    drafted: Drafted | None = None,
    correction: Correction | None = None,
    **more: Any,
) -> Response:
    return visit.show(
        "dead_letter_edit.html",
        status,
        form=form,
        opened=opened,
        letter=opened.letter,
        fields=opened.fields if len(opened.fields) <= MOST_FIELDS else (),
        diff=_diff(opened, drafted, correction) if drafted and correction else None,
        foreseen=foreseen_said(drafted.foreseen) if drafted else None,
        fails=bool(drafted and drafted.foreseen.fault),
        **{"error": None, "changed": None, "settled": ()} | more,
    )


def _correction(form: Form, removed: Sequence[str], opened: Opened) -> Correction:
    """The correction that the form describes; what is no JSON is a fault of its field."""
    fields: list[tuple[str, str]] = [(it, "") for it in removed]
    for field in opened.fields:
        written = form[f"{SET}{field.pointer}"]
        if written and field.pointer not in removed:
            fields.append(
                (field.pointer, _json(form, f"{SET}{field.pointer}", written, field.text))
            )
    if form[POINTER]:
        fields.append((form[POINTER].strip(), _json(form, VALUE, form[VALUE], text=False)))
    headers = ((form[HEADER].strip(), form[HEADER_VALUE]),) if form[HEADER].strip() else ()
    body = form[BODY].replace("\r\n", "\n").encode() if form[BODY].strip() else None
    return Correction(body, tuple(fields), headers)


def _json(form: Form, name: str, written: str, text: bool) -> str:
    if text:
        return json.dumps(written.replace("\r\n", "\n"))
    try:
        json.loads(written)
    except (ValueError, RecursionError):
        form.add(name, NOT_JSON)
    return written


def _diff(opened: Opened, drafted: Drafted, correction: Correction) -> list[tuple[str, str, str]]:
    """Each place that changes: what it shows now, masked, and what was written for it.

    A list changes as a whole: what was not written by this person stays masked there, too.
    """
    corrected = drafted.draft.corrected
    after = data_of(corrected.record.value)
    hidden = masked(opened.letter.says("ce_type"), after)
    rows = []
    for pointer in corrected.changed:
        if pointer.startswith("/"):
            told = at(after if _wrote(correction, pointer) else hidden, pointer)
            rows.append((pointer, _told(at(opened.data, pointer)), _told(told)))
        else:
            rows.append((pointer, "", ""))
    return rows


def _wrote(correction: Correction, pointer: str) -> bool:
    """Whether all that stands there now was written by whoever corrects."""
    return correction.body is not None or any(
        f"{pointer}/".startswith(f"{written}/") for written, _ in correction.fields
    )


def _told(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# What came of it


async def repair(console: Console, visit: Visit, _operator: Operator) -> Response:
    found = await console.repairs.read(visit.parameter("repair"))
    return visit.show("repair.html", repair=found)


async def repair_live(console: Console, visit: Visit, _operator: Operator) -> Response:
    repair_id = visit.parameter("repair")
    await console.repairs.read(repair_id)

    async def part() -> Part:
        found = await console.repairs.read(repair_id)
        return Part(visit.html("parts/repair.html", repair=found), found.is_final)

    return live(
        console.changes, (repair_id,), part, visit.viewer, visit.site.streams, visit.site.stopping
    )


def _id(written: str) -> LetterId:
    """Raises `NotFound`."""
    found = written_id(written)
    if found is None:
        raise NotFound
    return found


def _lasting(console: Console, visit: Visit) -> Any:
    now = console.now()
    return lambda since: duration(max(0.0, (now - since).total_seconds()), visit.language)
