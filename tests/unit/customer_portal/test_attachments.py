"""Attachments: checked as they come, handed to the archive first, for their customer alone."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from limits import RateLimitItemPerDay

from services.customer_portal import uploads
from services.customer_portal.documents import DownloadedDocument
from services.customer_portal.file_names import LONGEST, clean, disposition
from services.customer_portal.hand_over import Clamd
from services.customer_portal.outbox import RELAY_AFTER, SOURCE
from services.customer_portal.pages.sent import CONFIRMATION
from services.customer_portal.projections import (
    attachment_keys,
    fold_attachment,
    submission_key,
)
from services.customer_portal.uploads import MOST_IN_A_DAY
from shared.events.documents import (
    MOST_BYTES,
    DocumentKept,
    DocumentReceived,
    DocumentRefusalCause,
    DocumentRefused,
)
from shared.events.envelope import Event, Message
from shared.operations.service_client import Refused, Unreachable
from shared.outage import Outage
from tests.builders.portal import (
    NOW,
    Answer,
    Browser,
    PortalOfFew,
    multipart,
    portal_of_few,
)

ANA, BEA = "C-ANA", "C-BEA"
LETTER = b"%PDF-1.7\n%a letter\n%%EOF\n"
CONTACT, EVIDENCE = "/es/contacto/contratos", "/es/contratos/K-1/completar"
PDF = ("files", "carta.pdf", "application/pdf", LETTER)
RECEIVED, INQUIRY = "document.received.v1", "submission.inquiry.v1"


@dataclass
class Taking:
    """An archive that takes attachments, refuses them, or does not answer."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    down: bool = False
    refuses: str | None = None
    field: str = "content"

    async def hand_in(self, given: dict[str, Any]) -> None:
        if self.down:
            raise Unreachable("contract_archive", "down")
        if self.refuses:
            raise Refused("contract_archive", [f"{self.field}: {self.refuses}"])
        self.taken.append(given)

    async def tell(self, said: Callable[[Any], Awaitable[Any]]) -> Any:
        return await said(self)

    async def close(self) -> None:
        return None


@dataclass
class Scanning:
    """Also of files that it cannot deal with, or finds infected, by what is in them."""

    infected: bool = False
    down: bool = False

    async def is_clean(self, content: bytes) -> bool:
        if self.down or b"a bomb" in content:
            raise Outage("clamd", "down")
        return not (self.infected or b"a virus" in content)


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        said = {"_id": ANA, "customer_id": ANA, "name": "Ana", "email": "ana@example.test"}
        await portal.keep("customers", said | {"registered_at": "2026-01-01", "access": True})
        yield portal


@pytest.fixture
def archive(portal: PortalOfFew) -> Taking:
    taking = Taking()
    portal.process.portal.hand_over._archive = cast(Any, taking)
    return taking


async def ask(browser: Browser, *files: tuple[str, str, str, bytes], **other: str) -> Answer:
    page = await browser.get(CONTACT)
    fields = {"ticket": page.ticket, "subject": "Una carta", "text": "La adjunto"} | other
    return await browser.attach(CONTACT, fields, files)


def data(portal: PortalOfFew) -> dict[str, dict[str, Any]]:
    return {it.type: json.loads(it.value) for it in portal.published.events}


async def relay(portal: PortalOfFew) -> None:
    outbox = portal.process.portal.outbox
    outbox._now = lambda: NOW + RELAY_AFTER + timedelta(seconds=1)
    await outbox.publish_waiting()


async def test_the_archive_has_the_bytes_before_an_event_names_them(
    portal: PortalOfFew, archive: Taking
) -> None:
    sent = await ask(await portal.signed_in(ANA), PDF)

    assert sent.status == 303
    [taken] = archive.taken
    assert base64.b64decode(taken["content"]) == LETTER
    assert [it.type for it in portal.published.events] == [RECEIVED, INQUIRY]
    received, inquiry = data(portal)[RECEIVED], data(portal)[INQUIRY]
    assert inquiry["documents"] == [received["document_id"]] == [taken["document_id"]]
    assert received["file_name"] == "carta.pdf"
    assert received["sha256"] == taken["sha256"]
    assert received["link"] == f"/attachments/{received['document_id']}"
    assert not any(LETTER in (it.value or b"") for it in portal.published.events)
    [kept] = portal.own.collection("uploads").documents.values()
    assert "content" not in kept, "the archive has it now"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (("files", "a.pdf", "application/pdf", b""), "El archivo está vacío"),
        (("files", "a.txt", "text/plain", b"x" * (MOST_BYTES + 1)), "más de 5 MB"),
        (("files", "a.svg", "image/svg+xml", b"<svg onload='x'/>"), "Adjunte un PDF"),
        (("files", "a.pdf", "application/pdf", LETTER + b"<html>"), "Adjunte un PDF"),
        (("files", "a.pdf", "text/html", LETTER), "no es lo que dice su nombre"),
        (("files", "a.html", "application/pdf", LETTER), "no es lo que dice su nombre"),
        (("files", "a\u202efdp.exe", "application/pdf", LETTER), "no es lo que dice su nombre"),
    ],
    ids=["empty", "large", "svg", "polyglot", "declared", "suffix", "bidi"],
)
async def test_a_faulty_file_is_said_at_its_field_and_nothing_is_sent(
    portal: PortalOfFew, archive: Taking, file: tuple[str, str, str, bytes], message: str
) -> None:
    answer = await ask(await portal.signed_in(ANA), file)

    assert answer.status == 422
    assert answer.body.count(message) == 2, "in the summary and at the field"
    assert 'href="#files"' in answer.body
    assert portal.published.events == []
    assert portal.own.collection("uploads").documents == {}
    assert archive.taken == []


async def test_what_was_attached_stays_with_the_form_until_it_is_sent_or_removed(
    portal: PortalOfFew, archive: Taking
) -> None:
    ana = await portal.signed_in(ANA)
    other = ("files", "nota.txt", "text/plain", b"una nota")
    faulty = await ask(ana, PDF, other, PDF, subject="")
    assert faulty.status == 422
    assert faulty.body.count("Quitar ") == 2, "the same file twice is one"
    again = {"ticket": faulty.ticket, "subject": "Una carta", "text": "La adjunto"}
    note = next(
        it["_id"]
        for it in portal.own.collection("uploads").documents.values()
        if it["file_name"] == "nota.txt"
    )

    sent = await ana.attach(CONTACT, again | {"drop": note})

    assert sent.status == 303
    [taken] = archive.taken
    assert base64.b64decode(taken["content"]) == LETTER
    assert len(data(portal)[INQUIRY]["documents"]) == 1


async def test_a_double_click_is_one_request_with_one_attachment(
    portal: PortalOfFew, archive: Taking
) -> None:
    ana = await portal.signed_in(ANA)
    page = await ana.get(CONTACT)
    fields = {"ticket": page.ticket, "subject": "Una carta", "text": "La adjunto"}

    first = await ana.attach(CONTACT, fields, [PDF])
    second = await ana.attach(CONTACT, fields, [PDF])

    assert first.header("location") == second.header("location")
    assert len(archive.taken) == 1
    assert [it.type for it in portal.published.events] == [RECEIVED, INQUIRY]


async def test_six_files_and_a_days_quota_are_too_much(
    portal: PortalOfFew, archive: Taking
) -> None:
    ana = await portal.signed_in(ANA)
    six = [("files", f"{it}.txt", "text/plain", str(it).encode()) for it in range(6)]
    assert "cinco archivos como máximo" in (await ask(ana, *six)).body
    portal.own.collection("uploads").documents["before"] = {
        "_id": "before",
        "owner": ANA,
        "at": NOW,
        "size": MOST_IN_A_DAY,
        "submission_id": "before",
    }

    assert "demasiado hoy" in (await ask(ana, PDF)).body
    assert archive.taken == []


def large(said: str) -> tuple[str, str, str, bytes]:
    return ("files", "nota.txt", "text/plain", said.encode() * 600 * 1024)


VISITOR = {"name": "Lucía", "email": "lucia@example.test"}


async def test_another_cookie_is_no_other_quota(
    portal: PortalOfFew, archive: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "KIB_OF_ONE_CLIENT", RateLimitItemPerDay(1024))
    ana = await portal.signed_in(ANA)

    said = [
        (await ask(browser, large(str(number)), **VISITOR)).status
        for number, browser in enumerate(
            (
                Browser(portal),
                Browser(portal),
                ana,
                Browser(portal, client="192.0.2.9"),
                Browser(portal, client="2001:db8::1"),
                Browser(portal, client="2001:db8::2"),
            )
        )
    ]

    assert said == [303, 422, 422, 303, 303, 422]
    assert len(archive.taken) == 3


async def test_a_visitor_is_shown_what_the_form_attached(
    portal: PortalOfFew, archive: Taking
) -> None:
    archive.down, browser = True, Browser(portal)

    sent = await ask(browser, PDF, **VISITOR)

    assert "carta.pdf" in (await browser.get(sent.header("location"))).body


@pytest.mark.parametrize(
    ("standing", "is_live"), [(None, True), ("kept", False), ("refused", False)]
)
async def test_a_page_changes_until_each_attachment_is_settled(
    portal: PortalOfFew, archive: Taking, standing: str | None, is_live: bool
) -> None:
    """The confirmation by mail may come before the archive's answer."""
    ana = await portal.signed_in(ANA)
    sent = (await ask(ana, PDF)).header("location")
    [upload] = portal.own.collection("uploads").documents.values()
    answered = {
        "_id": submission_key(SOURCE, sent.rpartition("/")[2]),
        "customer_id": ANA,
        "reference": "INQ-1",
        "answer_due_at": "2026-11-30T10:00:00Z",
        "mails": {"m-1": [CONFIRMATION, True]},
    }
    await portal.keep("inquiries", answered)
    if standing is not None:
        said = {"customer_id": ANA, "file_name": "carta.pdf", "size": 9, "standing": standing}
        await portal.keep("attachments", said | {"_id": upload["_id"]})

    page = (await ana.get(sent)).body

    assert ("hx-sse:connect" in page) is is_live
    assert "Abrir esta consulta" in page


async def test_all_visitors_together_attach_no_more_than_is_set_and_customers_still_do(
    archive: Taking,
) -> None:
    with portal_of_few(visitor_uploads_mib_a_day=1) as portal:
        await portal.keep("customers", {"_id": ANA, "name": "Ana", "email": "ana@example.test"})
        portal.process.portal.hand_over._archive = cast(Any, archive)
        first, second = Browser(portal), Browser(portal, client="192.0.2.9")

        assert (await ask(first, large("1"), **VISITOR)).status == 303
        refused = await ask(second, large("2"), **VISITOR)
        assert (refused.status, "demasiado hoy" in refused.body) == (422, True)
        assert (await ask(await portal.signed_in(ANA), large("3"))).status == 303
        assert (await ask(second, **VISITOR)).status == 303, "the question itself"


async def test_without_the_archive_it_waits_and_others_do_not(
    portal: PortalOfFew, archive: Taking
) -> None:
    ana = await portal.signed_in(ANA)
    archive.down = True
    sent = await ask(ana, PDF)
    portal.published.down = True
    plain = await ask(ana)
    portal.published.down = False
    assert "Guardada y en camino" in (await ana.get(sent.header("location"))).body
    assert plain.status == 303

    with pytest.raises(Outage):
        await relay(portal)
    assert [it.type for it in portal.published.events] == [INQUIRY]

    archive.down = False
    await relay(portal)
    assert [it.type for it in portal.published.events] == [INQUIRY, RECEIVED, INQUIRY]
    assert len(archive.taken) == 1


@pytest.mark.parametrize("step", ["after the upload", "after the hand-over", "after publishing"])
async def test_a_death_between_any_two_steps_loses_nothing_and_doubles_nothing(
    portal: PortalOfFew, archive: Taking, step: str
) -> None:
    """A death is an outage that nobody notes: the relay begins again with what is stored."""
    ana = await portal.signed_in(ANA)
    archive.down = step == "after the upload"
    portal.published.down = step == "after the hand-over"
    sent = await ask(ana, PDF)
    submission = portal.own.collection("submissions").documents[
        sent.header("location").rpartition("/")[2]
    ]
    if step == "after publishing":
        submission["state"] = "sending"
        submission.pop("until")
    archive.down = portal.published.down = False

    await relay(portal)

    assert len({it["document_id"] for it in archive.taken}) == 1
    found = [(it.type, dict(it.headers)["ce_id"], it.value) for it in portal.published.events]
    assert [it[0] for it in dict.fromkeys(found)] == [RECEIVED, INQUIRY], "repeats are the same"
    assert submission["state"] == "sent"


async def test_what_the_archive_does_not_take_is_said_and_its_submission_never_sent(
    portal: PortalOfFew, archive: Taking
) -> None:
    archive.refuses = "not_allowed"
    ana = await portal.signed_in(ANA)

    sent = await ask(ana, PDF)

    page = await ana.get(sent.header("location"))
    assert "No se ha enviado: uno de los archivos no se aceptó" in page.body
    assert "No aceptado" in page.body
    archive.refuses = None
    await relay(portal)
    assert portal.published.events == []


async def test_a_file_whose_bytes_are_gone_is_not_sent_without_it(
    portal: PortalOfFew, archive: Taking
) -> None:
    archive.down = True
    await ask(await portal.signed_in(ANA), PDF)
    portal.own.collection("uploads").documents.clear()
    archive.down = False

    await relay(portal)

    [kept] = portal.own.collection("submissions").documents.values()
    assert (kept["state"], kept["refusal"]) == ("refused", "gone")
    assert portal.published.events == []
    assert archive.taken == []


async def test_an_archive_that_does_not_understand_the_portal_is_no_fault_of_the_file(
    portal: PortalOfFew, archive: Taking
) -> None:
    archive.refuses, archive.field = "missing", "sha256"
    await ask(await portal.signed_in(ANA), PDF)

    [kept] = portal.own.collection("submissions").documents.values()
    assert kept["state"] == "sending"

    archive.refuses = None
    await relay(portal)
    assert [it.type for it in portal.published.events] == [RECEIVED, INQUIRY]


async def test_the_same_file_at_two_processes_at_once_is_kept_once(
    portal: PortalOfFew, archive: Taking
) -> None:
    ana = await portal.signed_in(ANA)
    page = await ana.get(CONTACT)
    fields = {"ticket": page.ticket, "subject": "", "text": "La adjunto"}

    await asyncio.gather(*(ana.attach(CONTACT, fields, [PDF]) for _ in range(2)))

    assert len(portal.own.collection("uploads").documents) == 1


async def test_a_file_goes_on_only_once_the_scanner_has_looked_into_it(
    portal: PortalOfFew, archive: Taking
) -> None:
    scanner = Scanning(down=True)
    portal.process.portal.hand_over._scanner = scanner
    ana = await portal.signed_in(ANA)
    waits = await ask(ana, PDF)
    assert archive.taken == []
    assert "Guardada y en camino" in (await ana.get(waits.header("location"))).body

    scanner.down, scanner.infected = False, True
    await relay(portal)

    assert archive.taken == []
    assert portal.published.events == []
    assert "no se aceptó" in (await ana.get(waits.header("location"))).body


async def test_files_that_the_scanner_cannot_deal_with_hold_up_no_other(
    portal: PortalOfFew, archive: Taking
) -> None:
    portal.process.portal.hand_over._scanner = Scanning()
    ana = await portal.signed_in(ANA)
    for number in range(2):
        bomb = LETTER + f"a bomb {number}".encode()
        await ask(ana, ("files", "carta.pdf", "application/pdf", bomb))
    archive.down = True
    for number in range(2):
        sound = LETTER + f"{number}".encode()
        await ask(ana, ("files", "carta.pdf", "application/pdf", sound))
    archive.down = False

    for _ in range(3):
        with pytest.raises(Outage):
            await relay(portal)

    assert [it.type for it in portal.published.events] == [RECEIVED, INQUIRY] * 2


async def test_what_another_process_has_published_is_tried_no_more(
    portal: PortalOfFew, archive: Taking
) -> None:
    ana = await portal.signed_in(ANA)
    archive.down = True
    await ask(ana, PDF)
    with pytest.raises(Outage):
        await relay(portal)
    [submission] = portal.own.collection("submissions").documents.values()
    submission["state"] = "sent"

    await relay(portal)

    outbox = portal.process.portal.outbox
    assert outbox._failed == {}
    assert portal.published.events == []


async def test_the_archive_is_given_no_file_of_a_submission_that_has_an_infected_one(
    portal: PortalOfFew, archive: Taking
) -> None:
    portal.process.portal.hand_over._scanner = Scanning()
    ana = await portal.signed_in(ANA)

    sent = await ask(ana, PDF, ("files", "otra.pdf", "application/pdf", LETTER + b"a virus"))

    assert archive.taken == []
    assert portal.published.events == []
    page = (await ana.get(sent.header("location"))).body
    assert "no se aceptó" in page
    assert "No enviado" in page
    assert "En comprobación" not in page
    assert "hx-sse:connect" not in page, "nothing more comes"


@pytest.mark.parametrize(
    ("reply", "clean_"),
    [
        (b"stream: OK\0", True),
        (b"stream: Eicar-Test-Signature FOUND\0", False),
        (b"INSTREAM size limit exceeded. ERROR\0", None),
        (b"", None),
    ],
)
async def test_clamd_says_by_its_own_protocol_whether_a_file_is_clean(
    reply: bytes, clean_: bool | None
) -> None:
    heard = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readexactly(10))
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            heard.extend(await reader.readexactly(length))
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    scanning = Clamd(f"127.0.0.1:{port}").is_clean(LETTER * 5_000)
    if clean_ is None:
        with pytest.raises(Outage):
            await scanning
    else:
        assert await scanning is clean_
    server.close()
    assert bytes(heard) == b"zINSTREAM\0" + LETTER * 5_000


async def test_a_form_with_files_of_another_browser_is_refused(
    portal: PortalOfFew, archive: Taking
) -> None:
    ana, bea = await portal.signed_in(ANA), await portal.signed_in(BEA)
    page = await ana.get(CONTACT)

    stolen = await bea.attach(CONTACT, {"ticket": page.ticket, "subject": "x", "text": "x"}, [PDF])
    late = await ana.attach(CONTACT, {}, [PDF])

    body, kind = multipart({"ticket": page.ticket, "subject": "x", "text": "x"}, [PDF])
    cut = {"content-type": kind, "sec-fetch-site": "same-origin"}
    ended = await bea.ask("POST", CONTACT, body[:-20], cut)

    assert (stolen.status, late.status) == (403, 403)
    assert ended.status == 403, "it ends at the first file, not at the body's end"
    assert portal.own.collection("uploads").documents == {}


async def test_an_attachment_is_downloaded_by_its_customer_alone_and_as_a_file(
    portal: PortalOfFew,
) -> None:
    portal.archive.kept["doc-1"] = DownloadedDocument(LETTER, "application/pdf", "00")
    said = {"customer_id": ANA, "file_name": "ca\r\nrta ñ.pdf", "size": 9, "standing": "kept"}
    await portal.keep("attachments", said | {"_id": "doc-1"})
    await portal.keep("attachments", said | {"_id": "doc-2", "standing": "refused"})
    ana, bea = await portal.signed_in(ANA), await portal.signed_in(BEA)

    mine = await ana.get("/es/adjuntos/doc-1")

    assert mine.status == 200
    assert mine.header("content-disposition") == "attachment; filename*=utf-8''carta%20%C3%B1.pdf"
    assert mine.header("x-content-type-options") == "nosniff"
    assert mine.header("content-security-policy").startswith("sandbox;")
    assert (await bea.get("/es/adjuntos/doc-1")).status == 404
    assert (await ana.get("/es/adjuntos/doc-2")).status == 404
    assert (await ana.get("/es/adjuntos/unknown")).status == 404
    assert (await Browser(portal).get("/es/adjuntos/doc-1")).status == 303


async def test_the_conversation_says_of_each_attachment_whether_it_is_kept(
    portal: PortalOfFew, archive: Taking
) -> None:
    inquiry: dict[str, Any] = {
        "_id": "i-1",
        "customer_id": ANA,
        "opened": True,
        "status": "open",
        "reference": "INQ-1",
        "kind": "inquiry",
        "subject": "Algo",
        "opened_at": "2026-11-27T10:00:00Z",
        "answer_due_at": "2026-11-30T10:00:00Z",
        "listed_at": "2026-11-27T10:00:00Z",
        "standing": "open",
        "documents": ["doc-1"],
        "entries": [
            {
                "type": "inquiry.progressed.v1",
                "at": "2026-11-27T11:00:00Z",
                "id": "e-1",
                "by": "customer",
                "text": "Otra",
                "documents": ["doc-2", "doc-of-bea", "upload-of-bea", "upload-of-a-visitor"],
            }
        ],
    }
    await portal.keep("inquiries", inquiry)
    said = {"customer_id": ANA, "file_name": "<b>uno.pdf", "size": 2048}
    await portal.keep("attachments", said | {"_id": "doc-1", "standing": "kept"})
    await portal.keep("attachments", said | {"_id": "doc-2", "standing": "refused"})
    of_bea = said | {"customer_id": BEA, "file_name": "secreto.pdf"}
    await portal.keep("attachments", of_bea | {"_id": "doc-of-bea", "standing": "kept"})
    for whose in (BEA, "a visitor"):
        note = {
            "owner": whose,
            "submission_id": "s-9",
            "file_name": "secreto.pdf",
            "state": "awaited",
        }
        document_id = f"upload-of-{'bea' if whose == BEA else 'a-visitor'}"
        portal.own.collection("uploads").documents[document_id] = {"_id": document_id} | note
    ana = await portal.signed_in(ANA)
    page = await ana.get("/es/consultas/i-1")
    archive.down = True

    sent = await ana.attach("/es/consultas/i-1", {"ticket": page.ticket, "act": "write"}, [PDF])
    shown = await ana.get(sent.header("location"))

    assert shown.body.count('href="/es/adjuntos/doc-1"') == 1
    assert "/es/adjuntos/doc-2" not in shown.body
    assert "&lt;b&gt;uno.pdf" in shown.body
    assert "secreto.pdf" not in shown.body
    for words in ("Guardado", "No aceptado", "En comprobación", "carta.pdf", "En camino"):
        assert words in shown.body
    archive.down = False
    await relay(portal)
    assert data(portal)["submission.follow_up.v1"]["documents"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("carta.pdf", "carta.pdf"),
        ("C:\\Users\\Ana\\carta.pdf", "carta.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a/b/\u202efdp.exe", "fdp.exe"),
        ("uno\x00dos\r\n.pdf", "unodos.pdf"),
        ("  carta   firmada .PDF ", "carta firmada.PDF"),
        (".htaccess", "htaccess"),
        ("", "document"),
        ("\u200b", "document"),
        (".pdf", "pdf"),
    ],
)
def test_a_name_is_one_plain_line_without_folders(given: str, name: str) -> None:
    assert clean(given) == name


def test_a_long_name_keeps_its_suffix() -> None:
    assert len(clean("a" * 300 + ".pdf")) == LONGEST
    assert clean("a" * 300 + ".pdf").endswith("a.pdf")
    assert len(clean("a" * 300)) == LONGEST


def test_a_name_cannot_break_out_of_its_header() -> None:
    assert disposition("carta.pdf") == 'attachment; filename="carta.pdf"'
    assert "\r" not in disposition(clean('a"\r\nSet-Cookie: x.pdf'))
    assert '"' not in disposition('a".pdf')


def fold(*events: Event) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for event in events:
        message = Message("/x", "m", event, key="doc-1", time=NOW)
        assert [*attachment_keys(message)] == ["doc-1"]
        document = fold_attachment(document, message)
    return document


def test_an_attachment_is_the_same_whatever_is_read_first() -> None:
    received = DocumentReceived.model_validate(
        {
            "document_id": "doc-1",
            "customer_id": ANA,
            "purpose": "inquiry",
            "file_name": "carta.pdf",
            "media_type": "application/pdf",
            "size": 9,
            "sha256": "ab" * 32,
            "link": "/attachments/doc-1",
            "expires_at": NOW.isoformat(),
        }
    )
    kept = DocumentKept(document_id="doc-1")
    forged = received.model_copy(update={"customer_id": BEA})

    assert fold(received, kept) == fold(kept, received) == fold(received, kept, forged)
    assert fold(received, kept)["standing"] == "kept"
    assert fold(DocumentRefused(document_id="doc-1", cause=DocumentRefusalCause.NOT_ALLOWED)) == {
        "standing": "refused"
    }


# A signed letter (F12)


def maintenance(**request: Any) -> dict[str, Any]:
    awaited = {
        "inquiry_id": "i-1",
        "customer_id": ANA,
        "status": "evidence_awaited",
        "missing": ["signature"],
        "due_on": "2026-12-27",
    }
    facts = {
        "type": "software_maintenance",
        "title": "Mantenimiento",
        "starts_on": "2025-01-01",
        "auto_renewal": True,
        "status": "active",
    }
    cancellation = {"status": "requested", "requests": [awaited | request]}
    return {"_id": "K-1", "customer_id": ANA, "facts": facts, "cancellation": cancellation}


def letter(content: bytes = LETTER) -> tuple[str, str, str, bytes]:
    return "letter", "carta.pdf", "application/pdf", content


SIGNED = {"letter_signed_by": "Ana Prueba", "letter_signed_on": "2026-11-20"}


async def test_a_signed_letter_is_the_signature_that_the_request_lacked(
    portal: PortalOfFew, archive: Taking
) -> None:
    await portal.keep("contracts", maintenance())
    ana = await portal.signed_in(ANA)
    page = await ana.get(EVIDENCE)

    sent = await ana.attach(EVIDENCE, {"ticket": page.ticket, **SIGNED}, [letter()])

    assert sent.status == 303
    evidence = data(portal)["submission.cancellation_evidence.v1"]
    received = data(portal)[RECEIVED]
    assert received["purpose"] == "cancellation_evidence"
    assert evidence["documents"] == [received["document_id"]]
    assert evidence["signature"] == {
        "kind": "signed_document",
        "reference": received["document_id"],
        "signed_by": "Ana Prueba",
        "signed_on": "2026-11-20",
    }
    assert len(archive.taken) == 1


@pytest.mark.parametrize(
    ("fields", "files", "faulty"),
    [
        (SIGNED | {"letter_signed_by": " "}, [letter()], {"letter_signed_by"}),
        (SIGNED | {"letter_signed_on": "2026-11-28"}, [letter()], {"letter_signed_on"}),
        (SIGNED | {"letter_signed_on": "2025-11-01"}, [letter()], {"letter_signed_on"}),
        ({}, [letter()], {"letter_signed_by", "letter_signed_on"}),
        (SIGNED, [letter(b"<svg/>")], {"letter"}),
        (SIGNED, [], {"signed_by"}),
    ],
    ids=["nobody", "tomorrow", "long ago", "neither", "no letter", "nothing"],
)
async def test_a_letter_that_is_not_one_is_said_at_its_fields(
    portal: PortalOfFew,
    archive: Taking,
    fields: dict[str, str],
    files: list[tuple[str, str, str, bytes]],
    faulty: set[str],
) -> None:
    await portal.keep("contracts", maintenance())
    ana = await portal.signed_in(ANA)
    page = await ana.get(EVIDENCE)

    answer = await ana.attach(EVIDENCE, {"ticket": page.ticket, **fields}, files)

    assert answer.status == 422
    summary = answer.body.partition('id="faults"')[2].partition("</ul>")[0]
    assert set(re.findall(r'href="#([^"]+)"', summary)) == faulty
    assert portal.published.events == []


async def test_a_letter_goes_with_the_request_through_its_check(
    portal: PortalOfFew, archive: Taking
) -> None:
    await portal.keep("contracts", maintenance() | {"cancellation": {"requests": []}})
    ana = await portal.signed_in(ANA)
    page = await ana.get("/es/cancelar")
    fields = {
        "ticket": page.ticket,
        "contract": "K-1",
        "name": "Ana",
        "email": "ana@example.test",
        "act": "check",
    }

    check = await ana.attach("/es/cancelar", fields | SIGNED, [letter()])
    assert "carta.pdf" in check.body
    assert archive.taken == []
    said = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', check.body))
    sent = await ana.post("/es/cancelar", said | {"act": "send"})

    assert sent.status == 303
    request = data(portal)["submission.cancellation.v1"]
    assert request["signature"]["kind"] == "signed_document"
    assert request["signature"]["signed_by"] == "Ana Prueba"
    assert request["documents"] == [request["signature"]["reference"]]
    assert len(archive.taken) == 1
