"""Hands a kept document to who has its one-time code, sent to the registered address (F8).

The link in the mail opens a page with a button: a program that looks into mails follows links, but
presses no button, so it does not use the code up.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.contract_archive.customer.decide import CUSTOMER, CustomerState
from shared.events.document_code import DOWNLOAD_PATH, document_code
from shared.events.envelope import Ref
from shared.mongo.client import Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.outage import Outage
from shared.runtime.decider import ReadStates
from shared.runtime.request_body import body_within
from shared.runtime.url_encoded import url_encoded

LONGEST_FORM = 4 * 1024

AGAIN_WITHIN = timedelta(minutes=15)
"""How long after the code was used a download that broke off may be repeated."""

PDF, TEXT = "application/pdf", "text/plain; charset=utf-8"
"""A kept document's media type; those of earlier releases name none and are PDFs."""

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}
_POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_PAGE = """<!doctype html>
<html lang="es">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Descargar documento · Download document</title>
</head>
<body>
<main>
<h1>Su documento</h1>
<p>El enlace sirve una sola vez. Pulse el botón para descargar el documento.</p>
<p lang="en">The link works once. Press the button to download the document.</p>
<form method="post">
<input type="hidden" name="id" value="{id}">
<input type="hidden" name="code" value="{code}">
<button type="submit">Descargar · <span lang="en">Download</span></button>
</form>
</main>
</body>
</html>
"""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Downloads:
    """A GET gets the page with the button, whatever it names; a POST the document, or a 404.

    Unknown, wrong, used and expired get the same 404 after the same reads; an outage a 503.
    """

    key: bytes
    database: Database
    read: ReadStates
    now: Callable[[], datetime] = _utc_now

    async def page(self, request: Request) -> Response:
        """The page with the button. It reads nothing and uses nothing up."""
        try:
            document_id, code = _named(_query(request))
        except ValueError:
            return _no_page()
        page = _PAGE.format(id=escape(document_id), code=escape(code))
        headers = {"Content-Security-Policy": _POLICY, **_SAFE}
        return HTMLResponse(page, headers=headers)

    async def document(self, request: Request) -> Response:
        """The document, for who has its code."""
        try:
            form = url_encoded(await body_within(request, LONGEST_FORM))
            document_id, code = _named(_query(request) | dict(form))
        except (ValueError, TimeoutError, ClientDisconnect):
            return _no_page()
        try:
            with mongodb_errors_as_outage():
                return await self._document(document_id, code, self.now())
        except Outage:
            return _text(
                503,
                "El documento no está disponible en este momento. Inténtelo más tarde, por favor.",
                "The document is not available right now. Please try again later.",
            )

    async def _document(self, document_id: str, code: str, at: datetime) -> Response:
        """The content is read only for who may have it, so absent and wrong take the same time."""
        note = await self.database.file_note(document_id) or {}
        customer = Ref(CUSTOMER, str(note.get("customer_id", "")))
        holder = (await self.read([customer]))[customer]
        if not _may_have(self.key, document_id, note, holder, code, at):
            return _not_found()
        if not await self.database.use_file(document_id, at, again_within=AGAIN_WITHIN):
            return _not_found()
        file = await self.database.get_file(document_id)
        return (
            _not_found() if file is None else Response(file.content, 200, _headers(file.metadata))
        )


def application(downloads: Downloads) -> Starlette:
    """The page as an ASGI application. Every other path and method is answered with 404."""
    app = Starlette(
        routes=[
            Route(DOWNLOAD_PATH, downloads.page, methods=["GET"]),
            Route(DOWNLOAD_PATH, downloads.document, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _not_routed},
    )
    app.router.redirect_slashes = False
    return app


async def _not_routed(_request: Request, _error: Exception) -> Response:
    return _no_page()


def _query(request: Request) -> dict[str, str]:
    """The last value of each field. Raises `ValueError`."""
    return dict(url_encoded(request.scope["query_string"]))


def _named(fields: Mapping[str, str]) -> tuple[str, str]:
    """The document's id and its code; the links of earlier releases say `token`."""
    return fields.get("id", ""), fields.get("code") or fields.get("token", "")


def _no_page() -> Response:
    return PlainTextResponse("404\n", 404)


def _not_found() -> Response:
    return _text(
        404,
        "Este documento no existe, ya no está disponible o su enlace ya se ha utilizado.",
        "This document does not exist, is no longer available, or its link has been used.",
    )


def _text(status: int, spanish: str, english: str) -> Response:
    return PlainTextResponse(f"{spanish}\n{english}\n", status, _SAFE)


def _may_have(
    key: bytes,
    document_id: str,
    note: Mapping[str, Any],
    holder: CustomerState | None,
    code: str,
    at: datetime,
) -> bool:
    """Only a customer with access has a code, and only of a document that is handed out.

    The links of earlier releases have a token, which is noted beside the document.
    """
    address = holder.profile.email if holder is not None and holder.profile is not None else ""
    by_code = _same(document_code(key, document_id, address), code)
    by_token = _same(str(note.get("token") or ""), code) and bool(code)
    until = note.get("available_until")
    same = by_code or by_token
    return same and holder is not None and holder.access and until is not None and at <= until


def _same(right: str, given: str) -> bool:
    return hmac.compare_digest(right.encode(), given.encode())


def _headers(note: Mapping[str, Any]) -> dict[str, str]:
    media_type = str(note.get("media_type", PDF))
    suffix = "txt" if media_type == TEXT else "pdf"
    number = re.sub(r"[^A-Za-z0-9._-]", "-", str(note["contract_number"]))
    return {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{number}.{suffix}"',
        **_SAFE,
    }
