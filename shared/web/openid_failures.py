"""The page and HTTP status after a failed sign-in at a provider."""

from __future__ import annotations

from http import HTTPStatus

from shared.web.languages import N_
from shared.web.openid_documents import Why

FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})
"""`Sec-Fetch-Site` of a request that another site made: it begins no sign-in."""
FAILED = {
    Why.NO_ANSWER: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        N_("The sign-in service does not answer right now. Nothing is lost; a code works too."),
    ),
    Why.DECLINED: (
        HTTPStatus.FORBIDDEN,
        N_("The sign-in service did not sign you in, or you cancelled there."),
    ),
    Why.NOT_BEGUN_HERE: (
        HTTPStatus.BAD_REQUEST,
        N_("This sign-in was not begun in this browser, was used before, or took too long."),
    ),
    Why.NOT_TRUSTED: (
        HTTPStatus.BAD_GATEWAY,
        N_("The answer of the sign-in service could not be verified, so we did not let it in."),
    ),
}
