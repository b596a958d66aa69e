"""Passkeys (WebAuthn): the site keeps a public key, the private one stays with the person.

A passkey works on the site's own origin alone, so it cannot be entered on a copy of a page. It is
found by the browser (no name is typed), and its device verifies the person each time.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.web.sessions import LOW, SignIn, by_passkey, key_of

VALID = timedelta(minutes=5)
"""From the options to the answer: time to find a security key."""
MOST_OF_ONE = 10
MOST_READ = 1_000
"""None stays unseen: one that its owner is not shown he could not remove."""
LONGEST_NAME = 60
MOST_ANSWER_CHARACTERS = 16 * 1024
"""An answer with a chain of certificates has half of it."""
REGISTER, SIGN_IN = "register", "sign_in"
HANDLE_BYTES = 32
REQUIRED = UserVerificationRequirement.REQUIRED
_MALFORMED = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    OverflowError,
)
"""Errors that the library raises for a malformed answer."""


class NotVerified(Exception):
    """The answer is not one of an expected passkey to a challenge of this session."""


class TooManyPasskeys(Exception):
    """Somebody who has as many as one may have must remove one first."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The site that passkeys belong to, and the one origin on which they work."""

    name: str
    origin: str

    @property
    def id(self) -> str:
        return urlsplit(self.origin).hostname or ""

    @property
    def is_possible(self) -> bool:
        """Browsers know passkeys of named hosts over HTTPS, and of this machine."""
        try:
            ip_address(self.id)
        except ValueError:
            return self.origin.startswith("https://") or self.id == "localhost"
        return False


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it."""

    id: str
    name: str
    added_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The owner of the passkey that answered, and the way of signing in."""

    owner: str
    by: SignIn


class Passkeys:
    """The passkeys of a site, by their owners' ids. Its methods raise `Outage`."""

    def __init__(
        self, database: Database, party: RelyingParty, now: Callable[[], datetime]
    ) -> None:
        self.party = party
        self._passkeys = database.collection("passkeys")
        self._challenges = database.collection("passkey_challenges")
        self._now = now

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._passkeys, [["owner"]])
            await create_indexes_on(self._challenges, [], expires_on="until")

    async def of(self, owner: str) -> list[Passkey]:
        """Oldest first."""
        return [_shown(it) for it in await self._of(owner)]

    async def _of(self, owner: str) -> list[Document]:
        with mongodb_errors_as_outage():
            found = self._passkeys.find({"owner": owner}).sort("added_at", 1)
            return await found.to_list(MOST_READ)

    async def registration_options(self, session_id: str, owner: str, person: str) -> str:
        """Returns the browser's options as JSON; it lists the passkey under the name `person`.

        The handle by which a passkey names its owner says nothing of him. Raises `TooManyPasskeys`.
        """
        own = await self._of(owner)
        if len(own) >= MOST_OF_ONE:
            raise TooManyPasskeys
        handle = own[0]["handle"] if own else secrets.token_bytes(HANDLE_BYTES)
        options = generate_registration_options(
            rp_id=self.party.id,
            rp_name=self.party.name,
            user_id=handle,
            user_name=person,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=it["credential"]) for it in own],
            timeout=_milliseconds(VALID),
        )
        await self._note(session_id, options.challenge, act=REGISTER, owner=owner, handle=handle)
        return options_to_json(options)

    async def register(
        self, session_id: str, owner: str, answer: str, name: str, level: str = LOW
    ) -> Passkey:
        """Keep the passkey that the browser made. Raises `NotVerified`, `TooManyPasskeys`.

        `level` is that of the sign-in under which it is added.
        """
        with _malformed_as_not_verified(answer):
            given = parse_registration_credential_json(answer)
            challenge = parse_client_data_json(given.response.client_data_json).challenge
        asked = await self._take(session_id, challenge, act=REGISTER, owner=owner)
        with _malformed_as_not_verified(answer):
            verified = verify_registration_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self.party.id,
                expected_origin=self.party.origin,
                require_user_verification=True,
            )
        kept = {
            "_id": _id(verified.credential_id),
            "owner": owner,
            "handle": asked["handle"],
            "credential": verified.credential_id,
            "public_key": verified.credential_public_key,
            "sign_count": verified.sign_count,
            "name": _name(name),
            "added_at": self._now(),
            "level": level,
        }
        with mongodb_errors_as_outage():
            if await self._passkeys.find_one({"_id": kept["_id"]}) is not None:
                raise NotVerified  # one person's credential does not become another's
            await self._passkeys.insert_one(kept)
        if len(await self._of(owner)) > MOST_OF_ONE:  # also where several were added at once
            await self.remove(owner, kept["_id"])
            raise TooManyPasskeys
        return _shown(kept)

    async def sign_in_options(self, session_id: str) -> str:
        """Returns the browser's options as JSON: it may use any passkey of this site."""
        options = generate_authentication_options(
            rp_id=self.party.id, user_verification=REQUIRED, timeout=_milliseconds(VALID)
        )
        await self._note(session_id, options.challenge, act=SIGN_IN)
        return options_to_json(options)

    async def verify(self, session_id: str, answer: str) -> Verified:
        """The owner of the passkey that answers. Raises `NotVerified`.

        A count that does not rise is a copy of the passkey's. The write that notes it decides, so
        of two answers with one count a single one is good.
        """
        with _malformed_as_not_verified(answer):
            given = parse_authentication_credential_json(answer)
            challenge = parse_client_data_json(given.response.client_data_json).challenge
        await self._take(session_id, challenge, act=SIGN_IN)
        with mongodb_errors_as_outage():
            kept = await self._passkeys.find_one({"_id": _id(given.raw_id)})
        if kept is None or given.response.user_handle != kept["handle"]:
            raise NotVerified
        with _malformed_as_not_verified(answer):
            verified = verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self.party.id,
                expected_origin=self.party.origin,
                credential_public_key=kept["public_key"],
                credential_current_sign_count=kept["sign_count"],
                require_user_verification=True,
            )
        used = {"sign_count": verified.new_sign_count, "last_used_at": self._now()}
        unchanged = {"_id": kept["_id"], "sign_count": kept["sign_count"]}
        with mongodb_errors_as_outage():
            noted = await self._passkeys.update_one(unchanged, {"$set": used})
        if not noted.matched_count:
            raise NotVerified
        return Verified(str(kept["owner"]), by_passkey(kept.get("level", LOW)))

    async def find(self, owner: str, passkey_id: str) -> Passkey | None:
        """One of the owner's."""
        with mongodb_errors_as_outage():
            found = await self._passkeys.find_one({"_id": passkey_id, "owner": owner})
        return None if found is None else _shown(found)

    async def remove(self, owner: str, passkey_id: str) -> bool:
        """Whether there was such a passkey of the owner's."""
        with mongodb_errors_as_outage():
            found = await self._passkeys.find_one_and_delete({"_id": passkey_id, "owner": owner})
        return found is not None

    async def remove_all(self, owner: str) -> None:
        with mongodb_errors_as_outage():
            await self._passkeys.delete_many({"owner": owner})

    async def _note(self, session_id: str, challenge: bytes, **said: Any) -> None:
        """A session may have several challenges at once: a page in each of two tabs."""
        kept = {"session": key_of(session_id), "until": self._now() + VALID, **said}
        with mongodb_errors_as_outage():
            await self._challenges.insert_one({"_id": _id(challenge), **kept})

    async def _take(self, session_id: str, challenge: bytes, **said: Any) -> Document:
        """Takes the data stored with the challenge; works once. Raises `NotVerified`."""
        asked = {"_id": _id(challenge), "session": key_of(session_id), **said}
        with mongodb_errors_as_outage():
            found = await self._challenges.find_one_and_delete(
                {**asked, "until": {"$gt": self._now()}}
            )
        if found is None:
            raise NotVerified
        return found


@contextmanager
def _malformed_as_not_verified(answer: str) -> Iterator[None]:
    if len(answer) > MOST_ANSWER_CHARACTERS:
        raise NotVerified
    try:
        yield
    except _MALFORMED as error:
        raise NotVerified from error


def _id(value: bytes) -> str:
    """A credential's id may have a kilobyte, and a page's address names it."""
    return hashlib.sha256(value).hexdigest()


def _name(given: str) -> str:
    return "".join(it for it in " ".join(given.split()) if it.isprintable())[:LONGEST_NAME]


def _shown(kept: Document) -> Passkey:
    return Passkey(kept["_id"], kept["name"], kept["added_at"], kept.get("last_used_at"))


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
