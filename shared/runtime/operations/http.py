"""Questions as they come over HTTP, read within bounds, and answers as they go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request
from starlette.responses import Response

from shared.runtime.operations.answers import Answer, Faults, QuestionFault
from shared.runtime.request_body import BODY_SECONDS, BodyTooLarge, body_within
from shared.runtime.url_encoded import url_encoded

MOST_BYTES = 8 * 1024 * 1024
"""A dry run of 500 ordinary records, or of some 20 of the largest."""
MOST_MARKS = 200_000
"""Commas, braces and brackets in a body: parsed, each takes some fifty bytes of memory."""
MOST_FAULTS = 100
NOT_BASE64 = "is not base64"
"""The library's words name the byte at fault, which is part of a value."""
_MARKS = (b",", b"{", b"[")

Asked = TypeVar("Asked", bound=BaseModel)


class QuestionRefused(Exception):
    """The question is not answered: with which status, and every fault of it."""

    def __init__(self, status: int, *faults: tuple[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.faults = faults


def refusal(
    status: int, faults: Sequence[tuple[str, str]], headers: dict[str, str] | None = None
) -> Response:
    """The answer that names every fault."""
    named = tuple(QuestionFault(field=field, fault=fault) for field, fault in faults)
    return in_json(status, Faults(faults=named), headers)


def in_json(status: int, answer: Answer, headers: dict[str, str] | None = None) -> Response:
    """The answer, which nobody may keep."""
    kept = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(answer.model_dump_json(), status, kept, "application/json")


def query_of(request: Request, kind: type[Asked]) -> Asked:
    """The fields of the query. Raises `QuestionRefused` with every fault."""
    try:
        pairs = url_encoded(request.scope["query_string"])
    except ValueError:
        raise QuestionRefused(400, ("", "the query is not URL-encoded UTF-8")) from None
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = [(_shown(name), "is given twice") for name in twice]
    try:
        asked = kind.model_validate(dict(pairs))
    except ValidationError as error:
        raise QuestionRefused(422, *faults, *_faults(error)) from None
    if faults:
        raise QuestionRefused(422, *faults)
    return asked


async def body_of(request: Request, kind: type[Asked]) -> Asked:
    """The question in the body. Raises `QuestionRefused` with every fault."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise QuestionRefused(415, ("content-type", "is not application/json"))
    if request.scope["query_string"]:
        raise QuestionRefused(422, ("", "the question is the body alone, without a query"))
    body = await _bounded(request)
    if sum(map(body.count, _MARKS)) > MOST_MARKS:
        raise QuestionRefused(413, ("", "the body holds too many items"))
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise QuestionRefused(422, *_faults(error)) from None


async def _bounded(request: Request) -> bytes:
    try:
        return await body_within(request, MOST_BYTES)
    except BodyTooLarge:
        raise QuestionRefused(413, ("", f"the body is larger than {MOST_BYTES} bytes")) from None
    except TimeoutError:
        raise QuestionRefused(
            408, ("", f"the body did not come within {BODY_SECONDS:g} s")
        ) from None


def _faults(error: ValidationError) -> list[tuple[str, str]]:
    """Every fault by its field; a value is never repeated, since it may be personal data."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        (_shown(".".join(map(str, fault["loc"]))), _words(fault)) for fault in found[:MOST_FAULTS]
    ]


def _words(fault: ErrorDetails) -> str:
    return NOT_BASE64 if fault["type"] == "bytes_invalid_encoding" else fault["msg"]


def _shown(name: str) -> str:
    return name[:100].encode("ascii", "backslashreplace").decode()
