"""Sessions: an opaque id in a cookie, and its visitor, customer or member of staff on the server.

A visitor's id stands for nothing on the server until somebody signs in, so that a robot that loads
pages leaves nothing behind. Signing in gives another id: one that was known before is worth
nothing afterwards (session fixation). The database has the ids' hashes only.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on

_ID = re.compile(r"[A-Za-z0-9_-]{43}")
NOTED_EVERY = timedelta(minutes=1)
"""A session's last use is written down no more often than this."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The customer on whose behalf a page reads: from the session, never from a form or a URL."""

    customer_id: str


class Role(StrEnum):
    """A role of staff: reads, decides for customers, repairs, or reads the audit trail."""

    READER = "reader"
    AGENT = "agent"
    OPERATOR = "operator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Operator:
    """The member of staff on whose behalf a page reads or acts: from the session alone.

    `account` is the one that `desk staff` made; None for whom a provider vouches.
    """

    name: str
    roles: frozenset[Role]
    account: str | None = None

    def may(self, role: Role) -> bool:
        """Everybody with any role reads."""
        return role in self.roles or (role is Role.READER and bool(self.roles))


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, signed in or not: the answer to a form is seen in the browser that sent it."""

    key: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody signed in: by which method, and the assurance that it gives."""

    method: str
    level: str


BY_CODE = SignIn("one_time_code_by_mail", "low")
"""With what an e-mail address received, and nothing else."""
LOW, SUBSTANTIAL, HIGH = "low", "substantial", "high"
"""The levels of eIDAS; a provider may name them by an address that ends so."""


def by_passkey(added_at_level: str) -> SignIn:
    """With a key that does not leave its device or vault, which verified the person.

    Whose it is, is no surer than it was at the sign-in under which it was added: a key that was
    added after a code by mail proves the mailbox of that day and no more.
    """
    named = added_at_level.rpartition("/")[2].lower()
    return SignIn("passkey", SUBSTANTIAL if named in (SUBSTANTIAL, HIGH) else LOW)


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session: a visitor's, a customer's or a member of staff's, never two.

    `is_new`: the browser does not have it yet.
    """

    id: str
    visitor: Visitor
    holder: Holder | None = None
    signed_in_at: datetime | None = None
    is_new: bool = False
    by: SignIn = BY_CODE
    operator: Operator | None = None


def new_id() -> str:
    return secrets.token_urlsafe(32)


def key_of(session_id: str) -> str:
    """Returns the hash under which the database stores a session's id."""
    return hashlib.sha256(session_id.encode()).hexdigest()


class Sessions:
    """The sessions of those who are signed in. Its methods raise `Outage`."""

    def __init__(
        self,
        database: Database,
        *,
        idle: timedelta,
        life: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions = database.collection("sessions")
        self._idle = idle
        self._life = life
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(
                self._sessions, [["customer_id"], ["account"]], expires_on="until"
            )

    async def read(self, cookie: str | None, *, is_use: bool = True) -> Session:
        """The session of a cookie; a visitor's for one that is none, has ended or was revoked.

        `is_use`: somebody asked for a page. What a page asks for by itself keeps nobody signed in.
        """
        if cookie is None or not _ID.fullmatch(cookie):
            fresh = new_id()
            return Session(fresh, Visitor(key_of(fresh)), is_new=True)
        now = self._now()
        with mongodb_errors_as_outage():
            found = await self._sessions.find_one({"_id": key_of(cookie)})
            if found is None or found["until"] <= now or found["seen_at"] + self._idle <= now:
                return Session(cookie, Visitor(key_of(cookie)))
            if is_use and now - found["seen_at"] >= NOTED_EVERY:
                await self._sessions.update_one({"_id": found["_id"]}, {"$set": {"seen_at": now}})
        return Session(
            cookie,
            Visitor(found["visitor"]),
            _holder(found),
            found["signed_in_at"],
            by=SignIn(**found["by"]) if "by" in found else BY_CODE,
            operator=_operator(found),
        )

    async def sign_in(self, before: Session, holder: Holder, by: SignIn = BY_CODE) -> Session:
        """A customer's session under a new id. The browser keeps what it sent as a visitor."""
        return await self._begin(before, {"customer_id": holder.customer_id}, by)

    async def sign_in_staff(self, before: Session, operator: Operator, by: SignIn) -> Session:
        """A session of a member of staff, under a new id."""
        who = {
            "operator": operator.name,
            "roles": sorted(operator.roles),
            "account": operator.account,
        }
        return await self._begin(before, who, by)

    async def renew(self, before: Session) -> Session:
        """A visitor's session under a new id: what is opened to it is opened to nobody who knew the
        id before.
        """
        return await self._begin(before, {}, before.by)

    async def _begin(self, before: Session, who: Document, by: SignIn) -> Session:
        await self.sign_out(before)
        now, fresh = self._now(), new_id()
        kept = {
            "_id": key_of(fresh),
            "visitor": before.visitor.key,
            **who,
            "by": asdict(by),
            "signed_in_at": now,
            "seen_at": now,
            "until": now + self._life,
        }
        with mongodb_errors_as_outage():
            await self._sessions.insert_one(kept)
        return Session(
            fresh, before.visitor, _holder(who), now, is_new=True, by=by, operator=_operator(who)
        )

    async def sign_out(self, session: Session) -> None:
        with mongodb_errors_as_outage():
            await self._sessions.delete_one({"_id": key_of(session.id)})

    async def revoke_all(self, holder: Holder) -> None:
        """Sign the customer out of every browser."""
        with mongodb_errors_as_outage():
            await self._sessions.delete_many({"customer_id": holder.customer_id})

    async def revoke_others(self, session: Session) -> None:
        """Signs the session's person out of every other browser."""
        if session.holder is not None:
            who: Document = {"customer_id": session.holder.customer_id}
        elif session.operator is not None and session.operator.account is not None:
            who = {"account": session.operator.account}
        else:
            return
        with mongodb_errors_as_outage():
            await self._sessions.delete_many(who | {"_id": {"$nin": [key_of(session.id)]}})

    async def revoke_account(self, account_id: str) -> None:
        """Sign the member of staff out of every browser."""
        with mongodb_errors_as_outage():
            await self._sessions.delete_many({"account": account_id})


def _holder(found: Document) -> Holder | None:
    return Holder(found["customer_id"]) if "customer_id" in found else None


def _operator(found: Document) -> Operator | None:
    if "operator" not in found:
        return None
    roles = frozenset(Role(it) for it in found["roles"])
    return Operator(found["operator"], roles, found["account"])
