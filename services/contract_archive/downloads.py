"""Hands a kept document to who has its one-time code, sent to the registered address (F8).

The link in the mail opens a page with a button: a program that looks into mails follows links, but
presses no button, so it does not use the code up.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from services.contract_archive.customer.decide import CUSTOMER, CustomerState
from shared.events.document_code import document_code
from shared.events.envelope import Ref
from shared.mongo.client import Database
from shared.mongo.errors import mongodb_errors_as_outage
from shared.outage import Outage
from shared.runtime.decider import HttpHandler, HttpRequest, HttpResponse, ReadStates

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


def _text(status: int, spanish: str, english: str) -> HttpResponse:
    headers = {"Content-Type": "text/plain; charset=utf-8", **_SAFE}
    return status, headers, f"{spanish}\n{english}\n".encode()


_NOT_FOUND = _text(
    404,
    "Este documento no existe, ya no está disponible o su enlace ya se ha utilizado.",
    "This document does not exist, is no longer available, or its link has been used.",
)
_TRY_LATER = _text(
    503,
    "El documento no está disponible en este momento. Inténtelo más tarde, por favor.",
    "The document is not available right now. Please try again later.",
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def downloads(
    key: bytes, now: Callable[[], datetime] = _utc_now
) -> Callable[[Database, ReadStates], HttpHandler]:
    """A GET gets the page with the button, whatever it names; a POST the document, or a 404.

    Unknown, wrong, used and expired get the same 404 after the same reads; an outage a 503.
    """

    def open_downloads(database: Database, read: ReadStates) -> HttpHandler:
        async def handle(request: HttpRequest) -> HttpResponse:
            document_id = request.fields.get("id", "")
            code = request.fields.get("code") or request.fields.get("token", "")
            if not request.posted:
                return _page(document_id, code)
            try:
                with mongodb_errors_as_outage():
                    return await _document(key, database, read, document_id, code, now())
            except Outage:
                return _TRY_LATER

        return handle

    return open_downloads


def _page(document_id: str, code: str) -> HttpResponse:
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _POLICY,
        **_SAFE,
    }
    filled = _PAGE.format(id=escape(document_id), code=escape(code))
    return 200, headers, filled.encode("utf-8", "replace")


async def _document(
    key: bytes, database: Database, read: ReadStates, document_id: str, code: str, at: datetime
) -> HttpResponse:
    """The content is read only for who may have it, so absent and wrong take the same time."""
    note = await database.file_note(document_id) or {}
    customer = Ref(CUSTOMER, str(note.get("customer_id", "")))
    holder = (await read([customer]))[customer]
    if not _may_have(key, document_id, note, holder, code, at):
        return _NOT_FOUND
    if not await database.use_file(document_id, at, again_within=AGAIN_WITHIN):
        return _NOT_FOUND
    file = await database.get_file(document_id)
    return _NOT_FOUND if file is None else (200, _headers(file.metadata), file.content)


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
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "replace"))


def _headers(note: Mapping[str, Any]) -> dict[str, str]:
    media_type = str(note.get("media_type", PDF))
    suffix = "txt" if media_type == TEXT else "pdf"
    number = re.sub(r"[^A-Za-z0-9._-]", "-", str(note["contract_number"]))
    return {
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{number}.{suffix}"',
        **_SAFE,
    }
