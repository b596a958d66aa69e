"""An inquiry as a person names it: by its reference, its id, or the id of its submission."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from uuid import UUID

from shared.events.envelope import message_uuid
from shared.events.reference import parse_reference
from shared.events.values import Channel
from shared.operations.errors import NoSuchInquiry
from shared.operations.service_client import ServiceClient
from shared.runtime.operations.answers import History

INQUIRY = "inquiry"


async def inquiry_named(intake: ServiceClient, named: str) -> History:
    """The inquiry with its whole history. Raises `NoSuchInquiry`, `ServiceError`."""
    reference = parse_reference(named)
    if reference is not None:
        found = await intake.history(INQUIRY, alias=reference)
        if found is not None:
            return found
        raise NoSuchInquiry(named)
    for candidate in _ids(named.strip()):
        found = await intake.history(INQUIRY, candidate)
        if found is not None:
            return found
    raise NoSuchInquiry(named)


def _ids(named: str) -> Iterator[str]:
    with contextlib.suppress(ValueError):
        yield str(UUID(named))
    yield from (str(message_uuid(f"/channels/{channel}", named)) for channel in Channel)
