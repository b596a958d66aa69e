"""Accounts of staff: who may sign in to an application of the company's own people, and as what.

An operator makes and removes them by a command; no page does. Who reads the account's mail signs in
by a code, and by a passkey that was added then. Roles are looked up at each request: one that is
taken away ends at once, and the account's sessions end with it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.events.mail_address import address_key, mailable
from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.mongo.unique import make_unique
from shared.mongo.writes import insert_new
from shared.web.passkeys import Passkeys
from shared.web.sessions import Operator, Role, Sessions

NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,38}[a-z0-9])?")
MOST_LISTED = 1_000


class UnknownStaff(Exception):
    """There is no account of this name."""


class StaffExists(Exception):
    """There is an account of this name, or with this address."""


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """One member of staff. `id` is another one for an account that is made again."""

    id: str
    name: str
    email: str
    roles: frozenset[Role]

    @property
    def operator(self) -> Operator:
        return Operator(self.name, self.roles, self.id)


class StaffAccounts:
    """The accounts of one application. Its methods raise `Outage`."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        passkeys: Passkeys,
        now: Callable[[], datetime],
    ) -> None:
        self._accounts = database.collection("staff")
        self._sessions = sessions
        self._passkeys = passkeys
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._accounts, [["account"]])
            await make_unique(self._accounts, "name")

    async def add(self, name: str, email: str, roles: Iterable[Role]) -> StaffAccount:
        """Raises `StaffExists`; ValueError for a name or an address that is none, or no role."""
        if not NAME.fullmatch(name):
            raise ValueError("the name has 1 to 40 lower-case letters, digits, dots and hyphens")
        if mailable(email) is None:
            raise ValueError("no mail can be sent to that address")
        made = StaffAccount(secrets.token_hex(16), name, email, _some(roles))
        document = {
            "_id": address_key(email),
            "account": made.id,
            "name": name,
            "email": email,
            "roles": sorted(made.roles),
            "added_at": self._now(),
        }
        with mongodb_errors_as_outage():
            is_taken = await self._accounts.find_one({"name": name}) is not None
            if is_taken or not await insert_new(self._accounts, document):
                named = is_taken or await self._accounts.find_one({"name": name})
                raise StaffExists(name if named else email)
        return made

    async def change_roles(self, name: str, roles: Iterable[Role]) -> None:
        """The account has exactly these roles, and its sessions end. Raises `UnknownStaff`."""
        account = await self._named(name)
        with mongodb_errors_as_outage():
            changed = await self._accounts.update_one(
                {"account": account.id}, {"$set": {"roles": sorted(_some(roles))}}
            )
        if not changed.matched_count:
            raise UnknownStaff(name)
        await self._sessions.revoke_account(account.id)

    async def remove(self, name: str) -> None:
        """The account, its passkeys and its sessions are no more. Raises `UnknownStaff`."""
        account = await self._named(name)
        with mongodb_errors_as_outage():
            await self._accounts.delete_many({"account": account.id})
        await self._passkeys.remove_all(account.id)
        await self._sessions.revoke_account(account.id)

    async def listed(self) -> list[StaffAccount]:
        """Every account, by name."""
        with mongodb_errors_as_outage():
            found = await self._accounts.find({}).sort("name", 1).to_list(MOST_LISTED)
        return [_account(it) for it in found]

    async def of_address(self, email: str) -> StaffAccount | None:
        """Finds the account with this address."""
        return await self._found({"_id": address_key(email)})

    async def of_id(self, account_id: str) -> StaffAccount | None:
        """The account as it is now: whose passkey this is, and what the role of a session is."""
        return await self._found({"account": account_id})

    async def standing(self, operator: Operator) -> Operator | None:
        """The same member of staff with today's roles; None for one whose account is no more.

        Whom a provider vouches for has the roles that it named until the session ends.
        """
        if operator.account is None:
            return operator
        account = await self.of_id(operator.account)
        return None if account is None else account.operator

    async def _named(self, name: str) -> StaffAccount:
        found = await self._found({"name": name})
        if found is None:
            raise UnknownStaff(name)
        return found

    async def _found(self, wanted: Document) -> StaffAccount | None:
        with mongodb_errors_as_outage():
            found = await self._accounts.find_one(wanted)
        return None if found is None else _account(found)


def _some(roles: Iterable[Role]) -> frozenset[Role]:
    found = frozenset(roles)
    if not found:
        raise ValueError("an account has one role or more")
    return found


def _account(found: Document) -> StaffAccount:
    roles = frozenset(Role(it) for it in found["roles"])
    return StaffAccount(found["account"], found["name"], found["email"], roles)


def roles_named(claim: object) -> frozenset[Role]:
    """The roles that a provider's claim names: a list of words, or one. Others mean nothing."""
    said = [claim] if isinstance(claim, str) else claim
    known = {role.value: role for role in Role}
    words = [it for it in said if isinstance(it, str)] if isinstance(said, list) else []
    return frozenset(known[it] for it in words if it in known)
