"""`python -m services.operations_console staff '{"act": "add", …}'`: makes and removes accounts.

`desk staff` is its face. It answers with JSON; a refusal is an object with `error`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from services.operations_console.settings import Settings
from shared.events.topics import CONSOLE
from shared.mongo.client import Database, connect
from shared.web.passkeys import Passkeys, RelyingParty
from shared.web.sessions import Role, Sessions
from shared.web.staff import StaffAccounts, StaffExists, UnknownStaff


class Add(BaseModel):
    act: Literal["add"]
    name: str
    email: str
    roles: tuple[str, ...]


class Roles(BaseModel):
    act: Literal["roles"]
    name: str
    roles: tuple[str, ...]


class Remove(BaseModel):
    act: Literal["remove"]
    name: str


class List(BaseModel):
    act: Literal["list"]


Act = Add | Roles | Remove | List
ACTS: TypeAdapter[Act] = TypeAdapter(Annotated[Act, Field(discriminator="act")])


async def answer(settings: Settings, asked: str) -> Any:
    """Do what was asked. Raises `Outage`; ValueError for what is no act."""
    act = ACTS.validate_json(asked)
    client = connect(settings.mongo_url)
    try:
        database = Database(client, settings.database_of(CONSOLE), journal=settings.mongo_journal)
        return await _done(staff_of(database, settings), act)
    except UnknownStaff as error:
        return {"error": f"there is no account {error}"}
    except StaffExists as error:
        return {"error": f"there is an account of {error} already"}
    finally:
        client.close()


def staff_of(database: Database, settings: Settings) -> StaffAccounts:
    def now() -> datetime:
        return datetime.now(UTC)

    sessions = Sessions(database, idle=settings.session_idle, life=settings.session_life, now=now)
    passkeys = Passkeys(database, RelyingParty(settings.company_name, settings.public_url), now)
    return StaffAccounts(database, sessions, passkeys, now)


async def _done(staff: StaffAccounts, act: Act) -> Any:
    try:
        match act:
            case Add():
                await staff.prepare()  # the console may never have run
                await staff.add(act.name, act.email, _roles(act.roles))
            case Roles():
                await staff.change_roles(act.name, _roles(act.roles))
            case Remove():
                await staff.remove(act.name)
            case List():
                return [
                    {"name": it.name, "email": it.email, "roles": sorted(it.roles)}
                    for it in await staff.listed()
                ]
    except ValueError as error:
        return {"error": str(error)}
    return {}


def _roles(named: tuple[str, ...]) -> list[Role]:
    """Raises ValueError for a word that is no role."""
    unknown = sorted(set(named) - set(Role))
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: a role is one of {', '.join(Role)}")
    return [Role(it) for it in named]
