"""Hands a kept copy to whoever holds its link, until it is no longer available (F8)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from shared.mongo import Database, File
from shared.runtime.decider import HttpHandler, HttpResponse
from shared.runtime.faults import Outage, mongodb_at_work

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}


def _text(status: int, spanish: str, english: str) -> HttpResponse:
    headers = {"Content-Type": "text/plain; charset=utf-8", **_SAFE}
    return status, headers, f"{spanish}\n{english}\n".encode()


_NOT_FOUND = _text(
    404,
    "Este documento no existe o ya no está disponible.",
    "This document does not exist or is no longer available.",
)
_TRY_LATER = _text(
    503,
    "El documento no está disponible en este momento. Inténtelo más tarde, por favor.",
    "The document is not available right now. Please try again later.",
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def downloads(database: Database, now: Callable[[], datetime] = _utc_now) -> HttpHandler:
    """Answers `?id=…&token=…`; unknown, wrong and expired get the same 404, an outage a 503."""

    async def handle(query: Mapping[str, str]) -> HttpResponse:
        document_id, token = query.get("id", ""), query.get("token", "")
        if not document_id or not token:
            return _NOT_FOUND
        try:
            with mongodb_at_work():
                file = await database.get_file(document_id)
        except Outage:
            return _TRY_LATER
        if file is None or not _may_have(file, token, now()):
            return _NOT_FOUND
        return 200, _headers(file), file.content

    return handle


def _may_have(file: File, token: str, at: datetime) -> bool:
    """A document without a token is not handed out to anyone."""
    right, until = file.metadata.get("token"), file.metadata.get("available_until")
    if right is None or until is None:
        return False
    same = hmac.compare_digest(str(right).encode(), token.encode("utf-8", "replace"))
    return same and at <= until


def _headers(file: File) -> dict[str, str]:
    number = re.sub(r"[^A-Za-z0-9._-]", "-", str(file.metadata["contract_number"]))
    return {
        "Content-Type": "application/pdf",
        "Content-Disposition": f'attachment; filename="{number}.pdf"',
        **_SAFE,
    }
