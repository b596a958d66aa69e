"""Answers refused requests by problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic import BaseModel, Field
from starlette.responses import Response

from shared.events.error_codes import ErrorCode, field_error
from shared.events.fault_sentences import MESSAGES
from shared.events.values import FieldError

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
Faults = Mapping[str, ErrorCode]
"""Error codes by field, named as on `desk.rejections`."""


class Problem(BaseModel):
    """Why a request was not answered. `errors` names every faulty field at once."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: tuple[FieldError, ...] | None = Field(
        None, description="Every faulty field, with the codes of `desk.rejections`."
    )


@dataclass
class RequestRefused(Exception):
    """A request that is answered by a problem."""

    status: int
    detail: str | None = None
    faults: Faults = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def problem(refused: RequestRefused) -> Response:
    errors = tuple(field_error(it, code, MESSAGES) for it, code in refused.faults.items())
    told = Problem(
        title=HTTPStatus(refused.status).phrase,
        status=refused.status,
        detail=refused.detail,
        errors=errors[:MOST_ERRORS] or None,
    )
    return Response(
        told.model_dump_json(exclude_none=True),
        refused.status,
        dict(refused.headers),
        MEDIA_TYPE,
    )
