"""The endpoints: each one's address, scope, work and answers. Routes and OpenAPI come from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from services.customer_portal.api.partners import Partners, Scope
from services.customer_portal.api.tokens import OwnIssuer, Tokens
from services.customer_portal.api.webhooks.store import WebhookStore
from services.customer_portal.portal import Portal
from services.customer_portal.settings import Settings

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Api:
    """The endpoints' dependencies. `issuer` is None where an external one issues the tokens."""

    settings: Settings
    portal: Portal
    partners: Partners
    tokens: Tokens
    issuer: OwnIssuer | None
    webhooks: WebhookStore

    def url(self, path: str) -> str:
        """The address of something of the API, as partners reach it."""
        return f"{self.settings.api_url}{path}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `handler` takes the `Api`, for a scope the `Partner`, and the request.

    `answer` is the model of what is answered with `status`; `takes` has the schemas of the body by
    media type, `query` the parameters of the query with their meanings.
    """

    name: str
    method: str
    path: str
    scope: Scope | None
    handler: Callable[..., Awaitable[Response]]
    summary: str
    answer: Any = None
    status: int = 200
    takes: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[int, ...] = ()


def answered(
    model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A model as JSON; what is absent stays absent."""
    return Response(model.model_dump_json(exclude_none=True), status, dict(headers or {}), JSON)
