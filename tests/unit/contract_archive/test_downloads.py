"""Downloading a document with the one-time code from its mail (F8, ADR 0010)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from services.contract_archive.downloads import LONGEST_FORM, TEXT, Downloads, application
from shared.events.document_code import DOWNLOAD_PATH, document_code
from shared.events.envelope import Event, Ref
from shared.mongo.client import File
from tests.builders.archive import HOLDER, NOW, NUMBER, RULES, Archive, authorisation, registration
from tests.builders.archive_files import Files

KEY = b"a key"
LENGTH = "content-length"
Answer = tuple[int, dict[str, str], bytes]
PDF = b"%PDF-1.4 test"
ADDRESS = registration().email
NOTE = {
    "contract_number": NUMBER,
    "customer_id": HOLDER,
    "available_until": NOW + timedelta(days=30),
}
KEPT = {
    "doc-1": File(PDF, NOTE),
    "of an earlier release": File(PDF, {**NOTE, "token": "right-token"}),
    "kept for the desk": File(PDF, {**NOTE, "available_until": None}),
    "a stranger's": File(PDF, {**NOTE, "customer_id": "C-0009"}),
}
MOVED = registration().model_copy(update={"name": "Otra Persona", "email": "otra@example.test"})


class Desk:
    """The download page over one archive's customers and files."""

    def __init__(self, *happened: Event) -> None:
        self.files = Files()
        self.files.kept = dict(KEPT)
        self.archive = Archive(RULES, registration(), authorisation(), *happened)

    async def read(self, refs: Sequence[Ref]) -> Mapping[Ref, Any]:
        self.files.read.append(("states", tuple(ref.kind for ref in refs)))
        return {ref: self.archive.states.get(ref) for ref in refs}

    async def ask(
        self,
        query: str = "",
        form: bytes | None = None,
        *,
        after: timedelta = timedelta(0),
        method: str = "",
        path: str = DOWNLOAD_PATH,
    ) -> Answer:
        """A GET, or a POST of a form."""
        app = application(Downloads(KEY, self.files.database, self.read, lambda: NOW + after))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
            answer = await client.request(
                method or ("GET" if form is None else "POST"),
                f"http://test{path}?{query}",
                content=form,
            )
        headers = {name: value for name, value in answer.headers.items() if name != LENGTH}
        assert answer.headers[LENGTH] == str(len(answer.content))
        return answer.status_code, headers, answer.content

    async def post(self, fields: Mapping[str, str], after: timedelta = timedelta(0)) -> Answer:
        return await self.ask(form=urlencode(fields).encode(), after=after)


def right(document_id: str = "doc-1", address: str = ADDRESS) -> dict[str, str]:
    return {"id": document_id, "code": document_code(KEY, document_id, address)}


async def test_the_code_opens_the_document() -> None:
    status, headers, body = await Desk().post(right())

    assert (status, body) == (200, PDF)
    assert headers == {
        "content-type": "application/pdf",
        "content-disposition": 'attachment; filename="MT-2026-0001.pdf"',
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "referrer-policy": "no-referrer",
    }


async def test_the_code_works_until_its_last_instant() -> None:
    status, _, _ = await Desk().post(right(), timedelta(days=30))

    assert status == 200


async def test_the_code_works_once_and_a_broken_download_may_be_repeated() -> None:
    desk = Desk()

    assert (await desk.post(right()))[0] == 200
    assert (await desk.post(right(), timedelta(minutes=15)))[0] == 200
    assert (await desk.post(right(), timedelta(minutes=15, seconds=1)))[0] == 404


async def test_a_link_that_is_only_followed_uses_nothing_up() -> None:
    """Programs that look into mails follow links."""
    desk = Desk()

    status, headers, page = await desk.ask(urlencode(right()))

    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert headers["cache-control"] == "private, no-store"
    assert f'value="{right()["code"]}"'.encode() in page
    assert (desk.files.read, desk.files.used) == ([], {})


async def test_the_page_shows_what_it_was_given_as_text() -> None:
    _, headers, page = await Desk().ask(urlencode({"id": '"><script>x</script>'}))

    assert b"<script>" not in page
    assert headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_fields_of_query_and_form_count_together_and_the_forms_first() -> None:
    asked = urlencode({"id": "doc-1", "code": "wrong"})

    status, _, body = await Desk().ask(asked, urlencode({"code": right()["code"]}).encode())

    assert (status, body) == (200, PDF)


@pytest.mark.parametrize(
    "query",
    ["id=%ff", "id=%C3", "&".join(["a=1"] * 21)],
    ids=["no UTF-8", "half a character", "too many fields"],
)
async def test_what_cannot_be_decoded_is_not_found_and_nothing_is_read(query: str) -> None:
    desk = Desk()

    assert (await desk.ask(f"{urlencode(right())}&{query}"))[0] == 404
    assert (await desk.ask(query, urlencode(right()).encode()))[0] == 404
    assert (await desk.ask(form=f"{urlencode(right())}&{query}".encode()))[0] == 404
    assert desk.files.read == []


async def test_other_paths_and_methods_and_longer_forms_are_not_found() -> None:
    desk = Desk()
    asked = urlencode(right())

    found = [
        *[await desk.ask(asked, path=path) for path in ("/metrics", "/health", "/", "/documents/")],
        *[await desk.ask(asked, method=method) for method in ("PUT", "DELETE", "BREW")],
        await desk.ask(form=f"{asked}&a={'a' * LONGEST_FORM}".encode()),
        await desk.ask(form=b"\xff"),
    ]

    assert found == [(404, {"content-type": "text/plain; charset=utf-8"}, b"404\n")] * len(found)
    assert desk.files.read == []


async def test_g_reregister_links_made_before_a_change_of_address_stop_working() -> None:
    before, after = Desk(), Desk(MOVED)

    assert (await before.post(right()))[0] == 200
    assert (await after.post(right()))[0] == 404
    assert (await after.post(right(address="otra@example.test")))[0] == 200


async def test_a_link_of_an_earlier_release_works_until_it_expires() -> None:
    old = {"id": "of an earlier release", "token": "right-token"}

    assert (await Desk().post(old))[0] == 200
    assert (await Desk().post(old, timedelta(days=31)))[0] == 404


REFUSED = [
    pytest.param(right("doc-2"), timedelta(0), id="unknown"),
    pytest.param({**right(), "code": "0" * 32}, timedelta(0), id="wrong code"),
    pytest.param({**right(), "code": "ñ"}, timedelta(0), id="no ASCII code"),
    pytest.param(right(address="other@example.test"), timedelta(0), id="of another address"),
    pytest.param(right(), timedelta(days=30, seconds=1), id="expired"),
    pytest.param({"id": "doc-1"}, timedelta(0), id="no code"),
    pytest.param({"code": right()["code"]}, timedelta(0), id="no id"),
    pytest.param(right("kept for the desk"), timedelta(0), id="not handed out"),
    pytest.param(right("a stranger's", ""), timedelta(0), id="of who is not registered"),
    pytest.param({}, timedelta(0), id="nothing"),
]


@pytest.mark.parametrize(("fields", "after"), REFUSED)
async def test_everything_else_gets_the_same_answer_after_the_same_reads(
    fields: dict[str, str], after: timedelta
) -> None:
    desk = Desk()

    answer = await desk.post(fields, after)

    assert answer == await Desk().post({"id": "nothing", "code": "like this"})
    assert answer[0] == 404
    assert [what for what, _ in desk.files.read] == ["note", "states"]
    assert desk.files.used == {}


async def test_who_has_no_access_any_more_gets_no_document() -> None:
    desk = Desk()
    desk.archive = Archive(RULES, registration())

    assert (await desk.post(right()))[0] == 404


async def test_an_absent_database_asks_to_come_back_later() -> None:
    desk = Desk()
    desk.files.away = True

    status, _, _ = await desk.post(right())

    assert status == 503


async def test_the_text_of_an_acceptance_comes_as_plain_text() -> None:
    desk = Desk()
    desk.files.kept["text-1"] = File("Descripción".encode(), {**NOTE, "media_type": TEXT})

    status, headers, body = await desk.post(right("text-1"))

    assert (status, body.decode()) == (200, "Descripción")
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["content-disposition"].endswith('.txt"')
