"""Describes the API (OpenAPI 3.1), from the table of endpoints and the models of both sides."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from starlette.routing import compile_path

from services.customer_portal.api.answers import TokenError
from services.customer_portal.api.endpoints import JSON, Endpoint
from services.customer_portal.api.judge import SUBMISSIONS
from services.customer_portal.api.partners import Scope
from services.customer_portal.api.problems import MEDIA_TYPE, Problem

Json = dict[str, Any]
REFS = "#/components/schemas/{model}"
EXAMPLE_URL = "https://portal.example/api/v1"
"""The address in the repository's copy."""
NEEDED = frozenset({"ce-id", "ce-source", "ce-type", "ce-specversion"})
STATUSES = {
    400: "The request is not one.",
    401: "Without a good token, or with another secret.",
    403: "The token lacks the scope, or the partner may not write so.",
    404: "Not there, or not this partner's: both look the same.",
    409: "The id was used for another submission.",
    413: "Larger than an event may be.",
    415: "Neither JSON nor a structured event.",
    422: "Faulty: every fault is named at once.",
    429: "Too many requests; see `Retry-After`.",
    503: "Something that the desk needs does not answer; see `Retry-After`.",
}
SCOPES = {
    Scope.WRITE: "Send submissions and follow them.",
    Scope.READ: "Read the records of granted customers.",
    Scope.WEBHOOKS: "Manage webhooks.",
}


def document_json(url: str, endpoints: Iterable[Endpoint]) -> str:
    return json.dumps(document(url, endpoints), ensure_ascii=False, indent=2) + "\n"


def document(url: str, endpoints: Iterable[Endpoint]) -> Json:
    """The whole description of the API at `url`."""
    schemas: Json = {}
    paths: Json = {}
    for endpoint in endpoints:
        path = compile_path(endpoint.path)[1]
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    flow = {"tokenUrl": f"{url}/token", "scopes": {str(it): SCOPES[it] for it in Scope}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "contract-desk for partners",
            "version": "1",
            "description": "Submissions, records and webhooks of the customers who have let a"
            " partner act for them.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "partner": {"type": "oauth2", "flows": {"clientCredentials": flow}},
                "client": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _operation(endpoint: Endpoint, schemas: Json) -> Json:
    operation: Json = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.scope is not None:
        operation["security"] = [{"partner": [str(endpoint.scope)]}]
    elif endpoint.name == "token":
        operation["security"] = [{"client": []}, {}]
    if endpoint.takes:
        content = {
            media_type: {"schema": _body(what, schemas)}
            for media_type, what in endpoint.takes.items()
        }
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(endpoint: Endpoint) -> list[Json]:
    in_path = compile_path(endpoint.path)[2]
    text = {"type": "string"}
    return [
        *({"name": it, "in": "path", "required": True, "schema": text} for it in in_path),
        *(
            {"name": name, "in": "query", "description": meaning, "schema": text}
            for name, meaning in endpoint.query.items()
        ),
        *(
            {
                "name": name,
                "in": "header",
                "description": meaning + (" In binary mode needed." if name in NEEDED else ""),
                "schema": text,
            }
            for name, meaning in endpoint.headers.items()
        ),
    ]


def _responses(endpoint: Endpoint, schemas: Json) -> Json:
    found: Json = {}
    good: Json = {"description": "Done."}
    if endpoint.answer is not None:
        good["content"] = {JSON: {"schema": _schema(endpoint.answer, schemas)}}
    if endpoint.status in (201, 202) and endpoint.name in ("submit", "add_webhook"):
        where = {"description": "Where it can be read.", "schema": {"type": "string"}}
        good["headers"] = {"Location": where}
    found[str(endpoint.status)] = good
    general = () if endpoint.name == "openapi" else (429, 503)
    secured = (401, 403) if endpoint.scope is not None else ()
    asked = (422,) if endpoint.query else ()
    for status in sorted({*endpoint.problems, *secured, *general, *asked}):
        is_token = endpoint.name == "token" and status in (400, 401)
        schema = _schema(TokenError if is_token else Problem, schemas)
        media_type = JSON if is_token else MEDIA_TYPE
        found[str(status)] = {
            "description": STATUSES[status],
            "content": {media_type: {"schema": schema}},
        }
    return found


def _body(what: Any, schemas: Json) -> Json:
    match what:
        case "token":
            return _token_form()
        case "data":
            return {"anyOf": [_schema(it, schemas) for it in SUBMISSIONS.values()]}
        case "event":
            return {"oneOf": [_event(it, model, schemas) for it, model in SUBMISSIONS.items()]}
        case _:
            return _schema(what, schemas)


def _event(ce_type: str, model: type[BaseModel], schemas: Json) -> Json:
    """A structured event of one type."""
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {**text, "minLength": 1, "maxLength": 255},
            "source": {**text, "minLength": 1, "maxLength": 255},
            "type": {"const": ce_type},
            "time": {**text, "format": "date-time"},
            "datacontenttype": {"const": JSON},
            "data": _schema(model, schemas),
        },
    }


def _token_form() -> Json:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": {"const": "client_credentials"},
            "scope": {**text, "description": "Fewer scopes than the partner has, by blanks."},
            "client_id": text,
            "client_secret": text,
        },
    }


def _schema(model: Any, schemas: Json) -> Json:
    """A reference to the model's schema, which `schemas` gets with all that it refers to."""
    incoming = isinstance(model, type) and model in SUBMISSIONS.values()
    mode: JsonSchemaMode = "validation" if incoming else "serialization"
    made = TypeAdapter(model).json_schema(ref_template=REFS, mode=mode)
    schemas.update(made.pop("$defs", {}))
    if "title" not in made:
        return made
    name = made["title"].replace("[", "_").replace("]", "")
    schemas[name] = made
    return {"$ref": REFS.format(model=name)}
