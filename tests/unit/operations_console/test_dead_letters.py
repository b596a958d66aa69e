"""Dead letters in the console: looked at masked, tried, corrected, and dealt with by one at a time.

What a replay, a correction and a discard do on the topics is tested with the command, on a broker.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import pytest

from services.operations_console import dead_letters as pages_letters
from services.operations_console.dead_letters import kept_trail
from services.operations_console.projections import FOLDS
from services.operations_console.repair_words import OutcomeRow
from services.operations_console.repairs import FREE_AFTER, Repair, Repairs
from services.operations_console.settings import Settings
from shared.events.envelope import Ref
from shared.events.operations import DeadLetterReplayed
from shared.events.values import Bilingual
from shared.operations.audit_trail import AuditTrail, Author, common
from shared.operations.dead_letters.errors import StillFaulty
from shared.operations.dead_letters.letter import Letter, LetterId
from shared.operations.dead_letters.run import Foresaw
from shared.operations.parked import Parked
from shared.runtime.operations.answers import Foreseen, ForeseenEvent
from shared.runtime.projections.generations import Generation, Generations, State
from shared.web.sessions import Role
from tests.builders.console import NOW, ConsoleOfFew, console_of_few
from tests.builders.dead_letters import AT, dead_letter
from tests.builders.portal import Answer, Browser
from tests.unit.customer_portal.test_weight import MOST_BYTES, weight_of

ALL, GROUP = "/es/mensajes-muertos", "/es/mensajes-muertos/grupo"
FIRST, SECOND = LetterId(0, 1), LetterId(0, 2)
SECRETS = ("Ana Pérez", "ana@example.test", "get lost")
VALUE = {
    "customer_id": "C-1001",
    "received_at": "2026-03-02T08:00:00Z",
    "request_type": "contracts",
    "subject": "get lost",
    "contact": {"name": "Ana Pérez", "email": "ana@example.test"},
}
HEADERS = (
    ("ce_source", b"/channels/web"),
    ("ce_id", b"s-1"),
    ("ce_type", b"submission.inquiry.v1"),
    ("x-note", "para Ana Pérez".encode()),
)
WELL = [OutcomeRow("0-1", Bilingual(es="reenviado y decidido", en="sent again, and decided"))]


def written(place: LetterId = FIRST, **more: Any) -> Letter:
    return dead_letter(place, value=json.dumps(VALUE).encode(), headers=HEADERS, **more)


def replayed(letter: Letter, by: str, why: str) -> DeadLetterReplayed:
    said = {"attempt": 1, "sent_partition": 0, "sent_offset": 99}
    return DeadLetterReplayed.model_validate(common(letter, Author(by, why)) | said)


class Work:
    """Stands in for repairs on the topics. `hold` keeps them from ending."""

    def __init__(self) -> None:
        self.done: list[Repair] = []
        self.rows = WELL
        self.hold = asyncio.Event()
        self.hold.set()

    async def carried_out(self, asked: Repair) -> AsyncIterator[OutcomeRow]:
        self.done.append(asked)
        for row in self.rows:
            yield row
        await self.hold.wait()


@pytest.fixture
async def work() -> AsyncIterator[Work]:
    made = Work()
    with patch.object(Repairs, "_carried_out", lambda _self, asked: made.carried_out(asked)):
        yield made


@pytest.fixture
async def console(work: Work) -> AsyncIterator[ConsoleOfFew]:
    with console_of_few() as console:
        console.letters.letters = [written(), written(SECOND, minutes=1)]
        yield console
        work.hold.set()
        await console.process.console.repairs.stop()


@pytest.fixture
async def luis(console: ConsoleOfFew) -> Browser:
    return await console.signed_in(await console.account("luis", Role.OPERATOR))


async def asked(browser: Browser, act: str, *letters: str, **more: Any) -> Answer:
    """The group's form, sent."""
    ticket = (await browser.get(f"{GROUP}?like=0-1")).ticket
    fields = {"ticket": ticket, "like": "0-1", "letter": list(letters), "act": act} | more
    return await browser.post(GROUP, fields)


# Looking


async def test_letters_that_died_alike_are_one_group_and_parked_records_stand_above(
    console: ConsoleOfFew, luis: Browser
) -> None:
    console.letters.letters.append(dead_letter(LetterId(1, 1), error="another", message="b"))
    console.letters.waiting = [Parked("cancellation", Ref("file", "K-1"), AT, "KeyError", ("m",))]

    page = await luis.get(ALL)

    assert page.body.count("like=0-2") == 1
    assert '<td class="end">2</td>' in page.body
    assert "cancellation file K-1" in page.body
    assert 44_000 < weight_of(page.body) <= MOST_BYTES


async def test_a_letter_shows_nobodys_data_on_any_page(
    console: ConsoleOfFew, luis: Browser
) -> None:
    for path in (ALL, f"{GROUP}?like=0-1", f"{ALL}/0-1", f"{ALL}/0-1/corregir"):
        page = await luis.get(path)
        assert page.status == 200
        assert [it for it in SECRETS if it in page.body] == [], path
        assert 44_000 < weight_of(page.body) <= MOST_BYTES
    assert "C-1001" in page.body


async def test_a_value_that_is_no_object_is_not_shown_at_all(
    console: ConsoleOfFew, luis: Browser
) -> None:
    console.letters.letters = [dead_letter(FIRST, value=b"Ana P\xc3\xa9rez", headers=HEADERS)]

    page = await luis.get(f"{ALL}/0-1")

    assert "tiene 10 bytes" in page.body
    assert [it for it in SECRETS if it in page.body] == []


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (None, "cancellation no contesta"),
        ([], "sin errores"),
        (["subject: Field required"], "subject: Field required"),
    ],
)
async def test_a_letter_says_what_keeps_its_service_from_deciding_it_now(
    console: ConsoleOfFew, luis: Browser, faults: list[str] | None, words: str
) -> None:
    console.letters.faults = faults

    page = await luis.get(f"{ALL}/0-1")

    assert words in page.body
    assert "por tratar" in page.body
    assert "Corregirlo" in page.body


async def test_what_waits_for_a_parked_record_is_listed_in_its_order(
    console: ConsoleOfFew, luis: Browser
) -> None:
    later, first = written(FIRST), dead_letter(SECOND, message="z", reason="blocked")
    console.letters.letters = [later, first]
    line = (first.message_id, later.message_id)
    parked = Parked("cancellation", Ref("file", "K-1"), AT, "KeyError", line)
    console.letters.waiting = [parked]

    page = await luis.get(f"{GROUP}?like=cancellation+file+K-1")

    assert page.body.index('value="0-2"') < page.body.index('value="0-1"')


async def test_older_letters_are_on_a_page_of_their_own_and_so_are_their_groups(
    console: ConsoleOfFew, luis: Browser
) -> None:
    console.letters.older = {0: 17, 1: 4}

    newest = await luis.get(ALL)
    older = await luis.get(f"{ALL}?before=0-17.1-4")
    group = await luis.get(f"{GROUP}?like=0-1&before=0-17.1-4")
    console.letters.older = {}
    last = await luis.get(f"{ALL}?before=0-17.1-4")

    assert "solo los mensajes más recientes" in newest.body
    for page in (newest, older, group):
        assert f'href="{ALL}?before=0-17.1-4"' in page.body
    assert "like=0-2&amp;before=0-17.1-4" in older.body
    assert 'name="before" value="0-17.1-4"' in group.body
    assert "Los más recientes" in last.body
    assert f'href="{ALL}?before=' not in last.body
    asked = [({}, ""), ({0: 17, 1: 4}, ""), ({0: 17, 1: 4}, "0-1"), ({0: 17, 1: 4}, "")]
    assert console.letters.asked == asked


async def test_a_form_of_older_letters_shows_them_again(
    console: ConsoleOfFew, luis: Browser
) -> None:
    ticket = (await luis.get(f"{GROUP}?like=0-1&before=0-17")).ticket

    await luis.post(GROUP, {"ticket": ticket, "like": "0-1", "before": "0-17", "act": "dry_run"})

    assert console.letters.asked == [({0: 17}, "0-1")] * 2


async def test_of_a_line_whose_letters_were_not_all_read_the_rest_is_counted(
    console: ConsoleOfFew, luis: Browser
) -> None:
    first = written(FIRST)
    console.letters.letters = [first]
    line = (first.message_id, "/test later", "/test last")
    console.letters.waiting = [Parked("cancellation", Ref("file", "K-1"), AT, "KeyError", line)]

    page = await luis.get(f"{GROUP}?like=cancellation+file+K-1")

    assert "No se muestran 2 más" in page.body


# Trying


async def test_a_dry_run_says_what_each_would_bring_and_writes_nothing(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    opened = ForeseenEvent(
        kind="inquiry", id="i", type="inquiry.opened.v1", data={"subject": "get lost"}, public=True
    )
    first, second = console.letters.letters
    console.letters.told = [
        Foresaw(first, Foreseen(events=(opened,))),
        Foresaw(second, Foreseen(fault="KeyError")),
    ]

    page = await asked(luis, "dry_run", "0-1", "0-2")

    assert page.status == 200
    assert "inquiry.opened.v1" in page.body
    assert "fallaría otra vez: KeyError" in page.body
    assert "get lost" not in page.body
    assert (console.publisher.published, work.done) == ([], [])


@pytest.mark.parametrize("act", ["replay", "discard"])
async def test_nothing_is_done_without_a_reason_or_without_a_letter(
    console: ConsoleOfFew, luis: Browser, work: Work, act: str
) -> None:
    answers = [
        await asked(luis, act, "0-1", why="  "),
        await asked(luis, act, "0-1", why="x" * 501),
        await asked(luis, act, why="the fix is deployed"),
        await asked(luis, act, *(f"0-{it}" for it in range(101)), why="the fix is deployed"),
    ]

    assert [it.status for it in answers] == [422] * 4
    assert (console.publisher.published, work.done) == ([], [])


# Dealing with them


async def test_what_is_done_is_written_down_first_and_its_outcome_has_a_page(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    sent = await asked(luis, "replay", "0-1", "0-2", why=" the fix is deployed ")
    page = await luis.get(sent.header("location"))

    [event] = console.publisher.published
    assert event.topic == "desk.operations"
    told = json.loads(event.value)
    assert told["letters"] == ["0-1", "0-2"]
    assert (told["by"], told["why"]) == ("luis", "the fix is deployed")
    assert (told["act"], told["thing"]) == ("replay", "0-1")
    assert sent.status == 303
    assert "reenviado y decidido" in page.body
    assert "Terminado" in page.body
    [done] = work.done
    assert done.author.source == "/services/operations_console"


async def test_a_form_that_is_sent_twice_is_one_act(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    ticket = (await luis.get(f"{GROUP}?like=0-1")).ticket
    fields = {"ticket": ticket, "like": "0-1", "letter": "0-1", "act": "replay", "why": "fixed"}

    first, second = await asyncio.gather(luis.post(GROUP, fields), luis.post(GROUP, fields))

    assert first.header("location") == second.header("location") != ""
    assert (len(console.publisher.published), len(work.done)) == (1, 1)


async def test_a_form_that_asks_for_something_else_the_second_time_is_not_taken_for_the_first(
    luis: Browser, work: Work
) -> None:
    ticket = (await luis.get(f"{GROUP}?like=0-1")).ticket
    fields = {"ticket": ticket, "like": "0-1", "act": "replay", "why": "fixed"}
    await luis.post(GROUP, fields | {"letter": "0-1"})

    for other in ({"letter": "0-2"}, {"letter": "0-1", "act": "discard"}):
        second = await luis.post(GROUP, fields | other)
        assert second.status == 409
        assert "ha cambiado desde que se cargó" in second.body
    assert len(work.done) == 1


async def test_a_double_click_on_what_is_refused_is_refused_twice(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    ticket = (await luis.get(f"{GROUP}?like=0-1")).ticket
    fields = {"ticket": ticket, "like": "0-2", "letter": "0-1", "act": "replay", "why": "fixed"}
    first, _ = console.letters.letters
    console.letters.acts = [replayed(first, "marta", "the fix is deployed")]

    answers = await asyncio.gather(luis.post(GROUP, fields), luis.post(GROUP, fields))

    assert [it.status for it in answers] == [409, 409]
    assert (console.publisher.published, work.done) == ([], [])


async def test_a_letter_that_a_form_names_twice_is_one_letter(luis: Browser, work: Work) -> None:
    taken = await asked(luis, "replay", "0-1", "0-1", why="fixed")

    assert taken.status == 303
    [done] = work.done
    assert done.letters == (FIRST,)


async def test_what_a_stranger_called_a_message_is_on_no_page_of_its_letter(
    console: ConsoleOfFew, luis: Browser
) -> None:
    headers = (*HEADERS[:1], ("ce_id", "Ana Pérez 600".encode()), *HEADERS[2:])
    console.letters.letters[0] = dead_letter(
        FIRST, value=json.dumps(VALUE).encode(), headers=headers
    )

    for path in (f"{GROUP}?like=0-1", f"{ALL}/0-1"):
        page = await luis.get(path)
        assert page.status == 200
        assert "Ana" not in page.body, path


async def test_without_an_audit_event_nothing_is_done_and_the_letters_are_free(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    console.publisher.away = True
    refused = await asked(luis, "discard", "0-1", why="of no use")
    assert (refused.status, work.done) == (503, [])

    console.publisher.away = False
    taken = await asked(luis, "discard", "0-1", why="of no use")

    assert (taken.status, len(work.done)) == (303, 1)


async def test_what_a_colleague_dealt_with_meanwhile_is_refused_with_who_and_why(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    ticket = (await luis.get(f"{GROUP}?like=0-1")).ticket
    first, _ = console.letters.letters
    console.letters.acts = [replayed(first, "marta", "the fix is deployed")]

    fields = {"ticket": ticket, "like": "0-2", "letter": ["0-1", "0-2"], "why": "of no use"}
    refused = await luis.post(GROUP, fields | {"act": "discard"})

    assert refused.status == 409
    assert "0-1: reenviado por marta: the fix is deployed" in refused.body
    assert (console.publisher.published, work.done) == ([], [])
    again = await asked(luis, "discard", "0-2", why="of no use")
    assert again.status == 303


async def test_of_two_who_act_on_one_letter_at_once_the_second_hears_who_was_first(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    marta = await console.signed_in(await console.account("marta", Role.OPERATOR))
    work.hold.clear()
    with patch("services.operations_console.pages.dead_letters.SHOWN_WITHIN_S", 0.0):
        first = await asked(marta, "replay", "0-1", why="the fix is deployed")
        second = await asked(luis, "discard", "0-2", "0-1", why="of no use")

    assert (first.status, second.status) == (303, 409)
    assert "0-1: marta trabaja en él desde" in second.body
    assert [it.by for it in work.done] == ["marta"]
    assert len(console.publisher.published) == 1


async def test_a_page_of_what_is_still_going_on_is_live_and_ends(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    work.hold.clear()
    with patch("services.operations_console.pages.dead_letters.SHOWN_WITHIN_S", 0.0):
        sent = await asked(luis, "replay", "0-1", why="fixed")
    path = sent.header("location")
    going = await luis.get(path)
    work.hold.set()
    await console.process.console.repairs.settles(path.rpartition("/")[2], 30)
    part = await luis.get(f"{path}/en-vivo")

    assert "En curso" in going.body
    assert "Terminado" in part.body
    assert part.body.endswith("event: done\ndata:\n\n")


async def test_what_a_process_left_behind_is_said_to_be_interrupted_and_its_letters_are_free(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    repairs, now = console.process.console.repairs, NOW
    work.hold.clear()
    with patch("services.operations_console.pages.dead_letters.SHOWN_WITHIN_S", 0.0):
        sent = await asked(luis, "replay", "0-1", why="fixed")
        now += FREE_AFTER + timedelta(seconds=1)
        with patch.object(repairs, "now", lambda: now):
            page = await luis.get(sent.header("location"))
            again = await asked(luis, "replay", "0-1", why="fixed")

    assert "Interrumpido" in page.body
    assert again.status == 303
    assert len(work.done) == 2


# Correcting


async def correct(browser: Browser, act: str, **fields: Any) -> Answer:
    path = f"{ALL}/0-1/corregir"
    ticket = (await browser.get(path)).ticket
    return await browser.post(path, {"ticket": ticket, "act": act} | fields)


async def test_a_check_shows_what_changes_and_what_the_service_would_decide(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    opened = ForeseenEvent(kind="inquiry", id="i", type="inquiry.opened.v1", data={}, public=True)
    console.letters.brings = Foreseen(events=(opened,))

    page = await correct(
        luis, "check", **{"set:/contact/email": "eva@example.test", "set:/request_type": "invoices"}
    )

    assert page.status == 200
    assert "<del>contracts</del>" in page.body
    assert "<ins>invoices</ins>" in page.body
    assert "<del>•••</del>" in page.body
    assert "inquiry.opened.v1" in page.body
    assert [it for it in SECRETS if it in page.body] == []
    assert (console.publisher.published, work.done) == ([], [])
    [correction] = console.letters.drafts
    assert set(correction.fields) == {
        ("/contact/email", '"eva@example.test"'),
        ("/request_type", '"invoices"'),
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"pointer": "/others/0/age", "value": "7"},
        {"pointer": "/others/-", "value": "7"},
        {"pointer": "/others/1", "value": "7"},
        {"remove": "/others/1"},
        {"pointer": "/others/0/mails/0", "value": '"bea@example.test"'},
    ],
)
async def test_a_correction_of_one_item_shows_nothing_of_the_others(
    console: ConsoleOfFew, luis: Browser, fields: dict[str, str]
) -> None:
    person = {"name": "Ana Pérez", "mails": ["eva@example.test", "ana@example.test"]}
    value = json.dumps(VALUE | {"others": [person, 5]}).encode()
    console.letters.letters = [dead_letter(FIRST, value=value, headers=HEADERS)]

    page = await correct(luis, "check", **fields)

    assert page.status == 200
    assert "/others" in page.body
    assert [it for it in SECRETS if it in page.body] == []


async def test_a_correction_is_sent_with_its_fields_headers_and_reason(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    sent = await correct(
        luis,
        "edit",
        remove="/subject",
        pointer="/documents",
        value="[]",
        header="ce_type",
        header_value="submission.follow_up.v1",
        why="the channel wrote the wrong type",
    )

    assert sent.status == 303
    [done] = work.done
    assert done.correction is not None
    assert done.correction.fields == (("/subject", ""), ("/documents", "[]"))
    assert done.correction.headers == (("ce_type", "submission.follow_up.v1"),)
    [event] = console.publisher.published
    assert json.loads(event.value)["act"] == "edit"


async def test_every_fault_that_remains_is_shown_and_nothing_is_sent(
    console: ConsoleOfFew, luis: Browser, work: Work
) -> None:
    console.letters.refused = StillFaulty(FIRST, ["contact.email: wrong_format", "text: missing"])

    page = await correct(luis, "edit", why="a typo", **{"set:/subject": "x"})

    assert page.status == 422
    assert "contact.email: wrong_format; text: missing" in page.body
    assert 'value="x"' in page.body
    assert (console.publisher.published, work.done) == ([], [])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Diga qué hay que corregir"),
        ({"set:/subject": "x", "why": ""}, "Diga en pocas palabras por qué"),
        ({"pointer": "/documents", "value": "[", "why": "a typo"}, "Escriba JSON"),
    ],
)
async def test_a_correction_that_says_too_little_is_asked_for_again(
    console: ConsoleOfFew, luis: Browser, work: Work, fields: dict[str, str], words: str
) -> None:
    page = await correct(luis, "edit", **fields)

    assert page.status == 422
    assert words in page.body
    assert (console.publisher.published, work.done) == ([], [])


@pytest.mark.parametrize("path", [f"{ALL}/0-9", f"{ALL}/x", f"{ALL}/0-9/corregir"])
async def test_a_letter_that_is_not_there_has_no_page(luis: Browser, path: str) -> None:
    assert (await luis.get(path)).status == 404


async def test_while_a_generation_without_the_acts_serves_they_are_read_from_the_topic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after an upgrade: an empty index would show as open what was dealt with."""
    whole = AuditTrail()

    async def read(_settings: Settings) -> AuditTrail:
        return whole

    monkeypatch.setattr(pages_letters, "read_audit_trail", read)
    generations = SimpleNamespace(state=State(Generation(1, FOLDS - 1)))
    trail_of = kept_trail(Settings(development_defaults=True), cast(Generations, generations))

    assert await trail_of([written()]) is whole
