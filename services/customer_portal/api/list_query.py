"""The query of a list: which of its items are asked for, and from which on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request

from services.customer_portal.api.problems import RequestRefused
from services.customer_portal.pages.common import number_in
from shared.events.error_codes import ErrorCode

FROM = "from"


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The values that items may have, and how many items to pass over."""

    values: tuple[str, ...]
    first: int


def list_query(request: Request, name: str = "", values: Collection[str] = ()) -> ListQuery:
    """All of `values`, unless the parameter `name` asks for one of them.

    Raises `RequestRefused`, naming each faulty parameter: one that counted for nothing would have
    everything listed.
    """
    wanted = request.query_params.get(name, "")
    first = number_in(request.query_params.get(FROM, "0"))
    faults = {}
    if wanted and wanted not in values:
        faults[name] = ErrorCode.NOT_ALLOWED
    if first is None:
        faults[FROM] = ErrorCode.WRONG_FORMAT
    if faults or first is None:
        raise RequestRefused(422, "The list has nothing of the kind.", faults)
    return ListQuery((wanted,) if wanted else tuple(values), first)
