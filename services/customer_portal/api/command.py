"""`python -m services.customer_portal partner '{"act": "add", …}'`: registers partners.

`desk partner` is its face. It answers with JSON; a refusal is an object with `error`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from services.customer_portal.api.partners import (
    PartnerExists,
    Partners,
    Scope,
    UnknownPartner,
)
from services.customer_portal.settings import Settings
from shared.events.topics import PORTAL
from shared.events.values import CustomerId
from shared.mongo.client import Database, connect

MOST_CUSTOMERS = 10_000
"""Limit per partner, since they are stored in one document."""
Customers = Annotated[tuple[CustomerId, ...], Field(max_length=MOST_CUSTOMERS)]


class Add(BaseModel):
    act: Literal["add"]
    name: str
    customers: Customers = ()
    scopes: tuple[Scope, ...] = tuple(Scope)
    external: bool = False
    """Its tokens come from another issuer: it gets no secret."""


class Grant(BaseModel):
    act: Literal["grant"]
    name: str
    customers: Customers


class Revoke(BaseModel):
    act: Literal["revoke"]
    name: str


class List(BaseModel):
    act: Literal["list"]


Act = Add | Grant | Revoke | List
ACTS: TypeAdapter[Act] = TypeAdapter(Annotated[Act, Field(discriminator="act")])


async def answer(settings: Settings, asked: str) -> Any:
    """Do what was asked. Raises `Outage`; ValueError for what is no act."""
    act = ACTS.validate_json(asked)
    client = connect(settings.mongo_url)
    try:
        database = Database(client, settings.database_of(PORTAL), journal=settings.mongo_journal)
        return await _done(Partners(database, lambda: datetime.now(UTC)), act)
    except UnknownPartner as error:
        return {"error": f"there is no partner {error}"}
    except PartnerExists as error:
        return {"error": f"there is a partner {error} already, or there was one"}
    finally:
        client.close()


async def _done(partners: Partners, act: Act) -> Any:
    match act:
        case Add():
            try:
                secret = await partners.add(
                    act.name, act.scopes, act.customers, with_secret=not act.external
                )
            except ValueError as error:
                return {"error": f"{act.name!r} is no name for a partner: {error}"}
            return {"client_id": act.name, "client_secret": secret}
        case Grant():
            await partners.grant(act.name, act.customers)
        case Revoke():
            await partners.revoke(act.name)
        case List():
            return [asdict(it) for it in await partners.listed()]
    return {}
