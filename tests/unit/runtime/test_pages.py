"""Pages for customers: what reaches a handler, and what is answered with 404."""

from __future__ import annotations

from typing import Any

import pytest

from shared.runtime.decider import HttpRequest, HttpResponse
from shared.runtime.pages import LONGEST_FORM, application


class Page:
    """The application around one page that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[HttpRequest] = []

    async def handle(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        return 200, {"Content-Type": "text/plain"}, b"hello"

    async def ask(
        self, query: bytes = b"", *form: bytes, method: str = "GET", path: str = "/page"
    ) -> tuple[int, bytes]:
        scope = {"type": "http", "method": method, "path": path, "query_string": query}
        parts = [
            {"type": "http.request", "body": part, "more_body": number < len(form)}
            for number, part in enumerate(form, start=1)
        ]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return parts.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await application({"/page": self.handle})(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]


async def test_a_get_hands_over_the_fields_of_its_query() -> None:
    page = Page()

    assert await page.ask(b"id=a%20b&code=%C3%B1&id=last&empty=") == (200, b"hello")
    assert page.asked == [HttpRequest({"id": "last", "code": "ñ", "empty": ""})]


async def test_a_post_adds_the_fields_of_its_form() -> None:
    page = Page()

    await page.ask(b"id=1", b"co", b"de=2", method="POST")

    assert page.asked == [HttpRequest({"id": "1", "code": "2"}, posted=True)]


@pytest.mark.parametrize(
    "query",
    [b"id=%ff", b"id=\xff", b"id=%C3", b"&".join([b"a=1"] * 21)],
    ids=["no UTF-8", "raw byte", "half a character", "too many fields"],
)
async def test_an_undecodable_query_is_not_found(query: bytes) -> None:
    page = Page()

    assert (await page.ask(query))[0] == 404
    assert (await page.ask(b"", query, method="POST"))[0] == 404
    assert page.asked == []


async def test_what_is_not_there_is_not_found() -> None:
    page = Page()

    assert (await page.ask(path="/metrics"))[0] == 404
    assert (await page.ask(path="/health"))[0] == 404
    assert (await page.ask(method="DELETE"))[0] == 404
    assert (await page.ask(b"", b"a" * (LONGEST_FORM + 1), method="POST"))[0] == 404
    assert page.asked == []
