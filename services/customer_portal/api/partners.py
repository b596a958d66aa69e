"""Partners: systems that act for customers who have let them.

A token only identifies the partner. Its permissions and customers are read from here on every
request, so that revoking a grant or a partner takes effect at once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import unquote

from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.writes import insert_new
from shared.web.pages import NotFound
from shared.web.sessions import Holder

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
SOURCES = "/channels/partners"
MOST_LISTED = 1_000


class Scope(StrEnum):
    """A permission that a token grants."""

    WRITE = "submissions:write"
    READ = "records:read"
    WEBHOOKS = "webhooks:manage"


@dataclass(frozen=True, slots=True)
class Partner:
    """The partner on whose behalf a request is answered: from its token, never from a URL."""

    id: str
    scopes: frozenset[Scope]
    customers: frozenset[str]

    @property
    def source(self) -> str:
        """The `ce_source` under which it writes, and nobody else."""
        return f"{SOURCES}/{self.id}"

    @property
    def sender(self) -> str:
        """How the outbox knows the partner; no browser is called so."""
        return f"partner {self.id}"

    def writes_as(self, source: str) -> bool:
        """Whether a `ce_source` is the partner's own, or one of its parts."""
        if source == self.source:
            return True
        below = source.removeprefix(f"{self.source}/")
        return below != source and all(map(_stays, below.split("/")))

    def holder(self, customer_id: str) -> Holder:
        """The customer, if it was granted. Raises `NotFound`."""
        if customer_id not in self.customers:
            raise NotFound
        return Holder(customer_id)


def _stays(part: str) -> bool:
    """Whether a part of a path leads nowhere else, however often it is decoded."""
    while (said := unquote(part)) != part:
        part = said
    return part not in ("", ".", "..") and not set(part) & set("/\\")


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered partner without its secret, as operators see it."""

    id: str
    scopes: tuple[str, ...]
    customers: tuple[str, ...]
    has_secret: bool
    """Without one, its tokens come from another issuer."""
    revoked: bool


class UnknownPartner(Exception):
    """There is no partner of this name."""


class PartnerExists(Exception):
    """There is, or was, a partner of this name."""


class Partners:
    """The partners of the desk. Its methods raise `Outage`."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._partners = database.collection("partners")
        self._now = now

    async def add(
        self,
        name: str,
        scopes: Iterable[Scope],
        customers: Iterable[str],
        *,
        with_secret: bool = True,
    ) -> str | None:
        """Register a partner. Returns its secret, which nobody can show again.

        Raises `PartnerExists`; ValueError for a name that is none.
        """
        if not NAME.fullmatch(name):
            raise ValueError("1 to 40 lower-case letters, digits and hyphens")
        secret = secrets.token_urlsafe(32) if with_secret else None
        document = {
            "_id": name,
            "secret": None if secret is None else _hashed(secret),
            "scopes": sorted(scopes),
            "customers": sorted(set(customers)),
            "added_at": self._now(),
            "revoked_at": None,
        }
        with mongodb_errors_as_outage():
            if not await insert_new(self._partners, document):
                raise PartnerExists(name)
        return secret

    async def grant(self, name: str, customers: Iterable[str]) -> None:
        """Let the partner act for exactly these customers. Raises `UnknownPartner`."""
        await self._change(name, {"customers": sorted(set(customers))})

    async def revoke(self, name: str) -> None:
        """Nothing is answered to the partner any more. Raises `UnknownPartner`."""
        await self._change(name, {"revoked_at": self._now()})

    async def _change(self, name: str, fields: Document) -> None:
        with mongodb_errors_as_outage():
            changed = await self._partners.update_one({"_id": name}, {"$set": fields})
        if not changed.matched_count:
            raise UnknownPartner(name)

    async def listed(self) -> list[Registered]:
        """Every partner, by name."""
        with mongodb_errors_as_outage():
            found = await self._partners.find({}).sort("_id", 1).to_list(MOST_LISTED)
        return [
            Registered(
                it["_id"],
                tuple(it["scopes"]),
                tuple(it["customers"]),
                it["secret"] is not None,
                it["revoked_at"] is not None,
            )
            for it in found
        ]

    async def known(self, name: str) -> Partner | None:
        """The partner with all that it may do; None for an unknown or revoked one."""
        found = await self._standing(name)
        return None if found is None else _partner(found)

    async def authenticated(self, name: str, secret: str) -> Partner | None:
        """The partner whose secret this is."""
        found = await self._standing(name)
        # Compared also where there is none: how long it takes does not tell who is registered.
        kept = (found and found["secret"]) or _hashed("nobody's")
        matches = hmac.compare_digest(kept, _hashed(secret))
        return _partner(found) if found and found["secret"] and matches else None

    async def _standing(self, name: str) -> Document | None:
        if not NAME.fullmatch(name):
            return None
        with mongodb_errors_as_outage():
            return await self._partners.find_one({"_id": name, "revoked_at": None})


def _partner(found: Document) -> Partner:
    scopes = frozenset(Scope(it) for it in found["scopes"])
    return Partner(found["_id"], scopes, frozenset(found["customers"]))


def _hashed(secret: str) -> str:
    """Enough for a secret of 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
