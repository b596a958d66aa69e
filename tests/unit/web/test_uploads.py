"""Forms with files: bounded and hashed while they are read, ended where the ticket is not ours."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import pytest
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from shared.web import uploads
from shared.web.uploads import MOST_PARTS, MOST_TEXT_BYTES, Places, Uploaded, form_with_files
from tests.builders.portal import multipart


class Refused(Exception):
    pass


def everybody(_before: FormData) -> None:
    return None


def request(parts: Sequence[bytes], content_type: str) -> Request:
    left = [*parts]

    async def receive() -> Message:
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(b"content-type", content_type.encode())],
    }
    return Request(scope, receive)


async def read(
    parts: Sequence[bytes], content_type: str, most_bytes: int = 100
) -> tuple[FormData, list[Uploaded]]:
    return await form_with_files(
        request(parts, content_type), Places(), everybody, client="", most_bytes=most_bytes
    )


async def test_texts_and_files_are_read_however_the_body_is_cut() -> None:
    body, kind = multipart(
        {"subject": "Señal\r\nde vida", "ticket": "t"},
        [("files", "a.txt", "text/plain", b"hola\r\n--adios"), ("files", "", "", b"")],
    )

    form, [file] = await read([body[at : at + 1] for at in range(len(body))], kind)

    assert form["subject"] == "Señal\r\nde vida"
    assert (file.field, file.file_name, file.declared) == ("files", "a.txt", "text/plain")
    assert file.content == b"hola\r\n--adios"
    assert file.sha256 == hashlib.sha256(b"hola\r\n--adios").hexdigest()


async def test_a_file_that_is_too_large_is_read_past_and_not_kept() -> None:
    body, kind = multipart({}, [("files", "a.txt", "text/plain", b"x" * 101)])

    _, [file] = await read([body], kind)

    assert (file.size, file.content) == (101, None)


async def test_a_form_of_another_browser_ends_before_its_first_file() -> None:
    body, kind = multipart({"ticket": "another's"}, [("files", "a.txt", "text/plain", b"x")])

    def refuses(before: FormData) -> None:
        assert before["ticket"] == "another's"
        raise Refused

    with pytest.raises(Refused):
        await form_with_files(request([body], kind), Places(), refuses, client="", most_bytes=9)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=", 400),
        (b"no form", "multipart/form-data; boundary=b", 400),
        (multipart({"a": "b"}, [])[0][:-8], multipart({}, [])[1], 400),
        (
            b"------boundary\r\nContent-Disposition: form-data\r\n\r\nx\r\n------boundary--\r\n",
            multipart({}, [])[1],
            400,
        ),
        (*multipart({f"f{number}": "" for number in range(MOST_PARTS + 1)}, []), 413),
        (*multipart({"text": "x" * (MOST_TEXT_BYTES + 1)}, []), 413),
    ],
    ids=["no boundary", "empty boundary", "no parts", "cut off", "no name", "parts", "text"],
)
async def test_what_is_no_form_or_too_much_is_refused(
    body: bytes, content_type: str, status: int
) -> None:
    with pytest.raises(HTTPException) as refused:
        await read([body], content_type)

    assert refused.value.status_code == status


async def test_one_client_keeps_no_other_from_a_place() -> None:
    places, here, leave = Places(at_once=2, of_one=1), asyncio.Queue[str](), asyncio.Event()

    async def stay(client: str) -> None:
        async with places.one(client):
            here.put_nowait(client)
            await leave.wait()

    staying = [asyncio.create_task(stay(it)) for it in ("a", "a", "a", "b")]

    assert {await here.get(), await here.get()} == {"a", "b"}
    leave.set()
    await asyncio.gather(*staying)
    assert (await here.get(), await here.get()) == ("a", "a")
    assert places._clients == {}, "nobody is remembered"


def stalled(parts: Sequence[bytes], content_type: str) -> Request:
    """A browser that stops in the middle and stays."""
    left = [*parts]

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": True}

    return Request(request([], content_type).scope, receive)


@pytest.mark.parametrize(
    ("breath", "pace", "within"), [(0.01, 10**9, 60.0), (60.0, 10**9, 0.01), (0.01, 1, 0.01)]
)
async def test_who_stops_sending_loses_the_place(
    monkeypatch: pytest.MonkeyPatch, breath: float, pace: int, within: float
) -> None:
    monkeypatch.setattr(uploads, "BREATH_SECONDS", breath)
    monkeypatch.setattr(uploads, "LEAST_BYTES_A_SECOND", pace)
    monkeypatch.setattr(uploads, "READ_WITHIN_SECONDS", within)
    body, kind = multipart({}, [("files", "a.txt", "text/plain", b"x" * 50)])
    places = Places(at_once=1)

    with pytest.raises(HTTPException) as refused:
        async with asyncio.timeout(30):
            await form_with_files(
                stalled([body[:80]], kind), places, everybody, client="a", most_bytes=100
            )

    assert refused.value.status_code == 408
    await form_with_files(request([body], kind), places, everybody, client="b", most_bytes=100)


async def test_who_keeps_the_pace_may_take_longer_than_a_breath(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "BREATH_SECONDS", 0.05)
    monkeypatch.setattr(uploads, "LEAST_BYTES_A_SECOND", 1)
    body, kind = multipart({}, [("files", "a.txt", "text/plain", b"x" * 50)])
    whole = request([body[:100], body[100:]], kind)
    receive = whole._receive

    async def slowly() -> Message:
        message = await receive()
        if not message["more_body"]:
            await asyncio.sleep(0.2)
        return message

    slow = Request(whole.scope, slowly)
    _, [file] = await form_with_files(slow, Places(), everybody, client="a", most_bytes=100)

    assert file.size == 50
