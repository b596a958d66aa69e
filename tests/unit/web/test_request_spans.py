"""A request's span, and whose trace it continues: a program's, never a browser's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.trace import StatusCode
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from shared.telemetry.tracing import current_traceparent
from shared.web.request_spans import Traced as TracedApp
from tests.builders.traces import (
    SAMPLED,
    SENDERS,
    TRACE,
    UNSAMPLED,
    Traced,
    attributes_of,
    parent_of,
    said_by,
    trace_of,
    traced,
    traceparent_of,
)

seen: list[str | None] = []


async def page(_request: Request) -> Response:
    seen.append(current_traceparent())
    return PlainTextResponse("")


async def broken(_request: Request) -> Response:
    raise ValueError("ana@example.test")


ROUTES = [
    Route("/es/contratos/{number}", page, methods=["GET", "POST"], name="contract.es"),
    Route("/api/v1/submissions", page, methods=["POST"], name="api.submit"),
    Route("/es/roto", broken, name="broken.es"),
    Route("/static/{file}", page, name="static"),
]
APP = Router(routes=ROUTES)


@pytest.fixture
def portal() -> Iterator[Traced]:
    seen.clear()
    with traced("customer_portal") as it:
        yield it


async def ask(
    it: Traced, path: str, *traceparents: str, method: str = "GET", within: ASGIApp = APP
) -> None:
    app = TracedApp(within, traces=it.traces, routes=ROUTES, continued_under=("/api/v1",))
    headers = [(b"traceparent", value.encode()) for value in traceparents]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(_message: Any) -> None:
        pass

    await app({**scope, "query_string": b"", "root_path": ""}, receive, send)


async def test_a_page_begins_a_trace_that_what_it_publishes_continues(portal: Traced) -> None:
    await ask(portal, "/es/contratos/K-2001", SAMPLED)

    [span] = portal.spans
    assert (span.name, parent_of(span)) == ("GET contract.es", None)
    assert attributes_of(span) == {
        "http.request.method": "GET",
        "http.route": "contract.es",
        "http.response.status_code": 200,
    }
    assert seen == [traceparent_of(span)]
    assert current_traceparent() is None
    assert "K-2001" not in said_by(portal.spans)


async def test_a_programs_trace_is_continued(portal: Traced) -> None:
    await ask(portal, "/api/v1/submissions", SAMPLED, method="POST")
    [span] = portal.spans
    assert (trace_of(span), parent_of(span)) == (TRACE, SENDERS)


@pytest.mark.parametrize(
    "sent", [("nothing of the kind",), (SAMPLED, UNSAMPLED), ("00-" + "f" * 10_000,)]
)
async def test_a_programs_malformed_trace_is_as_good_as_none(
    portal: Traced, sent: tuple[str, ...]
) -> None:
    await ask(portal, "/api/v1/submissions", *sent, method="POST")
    [span] = portal.spans
    assert parent_of(span) is None


async def test_what_a_program_does_not_sample_is_left_to_it(portal: Traced) -> None:
    await ask(portal, "/api/v1/submissions", UNSAMPLED, method="POST")
    assert not portal.spans
    assert seen == [None]


async def test_a_page_that_fails_is_an_error_without_its_words(portal: Traced) -> None:
    with pytest.raises(ValueError, match="ana"):
        await ask(portal, "/es/roto")
    [span] = portal.spans
    assert span.status.status_code is StatusCode.ERROR
    assert attributes_of(span)["error.type"] == "500"
    assert "ana" not in said_by(portal.spans)


async def test_a_span_that_ended_with_its_answer_is_not_ended_again_by_what_failed_behind_it(
    portal: Traced, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError, match="ana"):
        await ask(portal, "/es/roto", within=ServerErrorMiddleware(APP))
    [span] = portal.spans
    assert attributes_of(span)["error.type"] == "500"
    assert caplog.messages == []


async def test_files_have_no_span_and_a_made_up_method_no_name(portal: Traced) -> None:
    await ask(portal, "/static/desk.css")
    await ask(portal, "/es/contratos/K-2001", method="ANA")
    assert [span.name for span in portal.spans] == ["_OTHER none"]
