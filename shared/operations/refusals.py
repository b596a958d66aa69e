"""Whether a server answered that it does not let this user do that."""

from __future__ import annotations

from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)

from shared.mongo.client import OperationFailure

REFUSALS = (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)
UNAUTHORIZED = frozenset({13, 18})
"""MongoDB's codes: a user without the right, and a wrong password."""


def is_refusal(error: BaseException | None) -> bool:
    """Whether a server answered that this user may not."""
    if isinstance(error, OperationFailure):
        return error.code in UNAUTHORIZED
    return isinstance(error, REFUSALS)
