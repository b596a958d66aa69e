"""Whether a server answered that it does not let this user do that."""

from __future__ import annotations

from shared.kafka.errors import REFUSALS
from shared.mongo.client import OperationFailure
from shared.mongo.errors import UNAUTHORIZED


def is_refusal(error: BaseException | None) -> bool:
    """Whether a server answered that this user may not."""
    if isinstance(error, OperationFailure):
        return error.code in UNAUTHORIZED
    return isinstance(error, REFUSALS)
