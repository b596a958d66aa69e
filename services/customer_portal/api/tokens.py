"""Access tokens: signed, for this API alone, and short-lived (RFC 9068).

The portal issues them itself, or takes those of another issuer whose keys it fetches.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

import httpx2
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, OKPKey

from services.customer_portal.settings import Settings
from shared.outage import Outage

log: structlog.stdlib.BoundLogger = structlog.get_logger()

OURS = ("Ed25519",)
THEIRS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519")
"""Signatures by a key pair alone: a public key must never pass as a shared secret."""
LEEWAY_SECONDS = 30
"""Another issuer's clock may be ahead by this."""
LONGEST_TOKEN = 8 * 1024
WITHIN_SECONDS = 5.0
FRESH_SECONDS = 300.0
"""After this a key that the issuer has withdrawn counts no more."""
AGAIN_SECONDS = 10.0
"""An unknown key may be a new one: the issuer is asked, but no more often than this."""


class InvalidToken(Exception):
    """Not a token of our issuer for this API, or no longer."""


@dataclass(frozen=True, slots=True)
class Claims:
    """A token's partner and scopes; unknown scopes are kept and grant nothing."""

    partner: str
    scopes: frozenset[str]


class Tokens(Protocol):
    """Reads tokens. Raises `InvalidToken`, and `Outage` where the issuer's keys cannot be had."""

    async def read(self, token: str) -> Claims: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class OwnIssuer:
    """Issues and reads the portal's own tokens: all its processes derive the same key."""

    key: OKPKey
    issuer: str
    audience: str
    life: timedelta
    now: Callable[[], datetime]

    @classmethod
    def of(cls, settings: Settings, now: Callable[[], datetime]) -> OwnIssuer:
        """With a key that is derived from `WEB_KEY`."""
        known = settings.web_key.get_secret_value().encode()
        seed = hmac.digest(known, b"access tokens of /api/v1", "sha256")
        pem = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        life = timedelta(minutes=settings.api_token_minutes)
        return cls(OKPKey.import_key(pem), settings.api_url, settings.audience, life, now)

    def issue(self, partner: str, scopes: Iterable[str]) -> str:
        now = int(self.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": partner,
            "client_id": partner,
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "exp": now + int(self.life.total_seconds()),
            "jti": str(uuid4()),
        }
        return jwt.encode({"alg": OURS[0], "typ": "at+jwt"}, claims, self.key, algorithms=OURS)

    async def read(self, token: str) -> Claims:
        return claims_of(token, self.key, OURS, self.issuer, self.audience, self.now())

    async def close(self) -> None:
        """Nothing is open."""


def claims_of(
    token: str,
    keys: OKPKey | KeySet,
    algorithms: tuple[str, ...],
    issuer: str,
    audience: str,
    now: datetime,
) -> Claims:
    """Verifies a token and returns its claims. Raises `InvalidToken`."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken
    try:
        claims = jwt.decode(token, keys, algorithms=algorithms).claims
        wanted = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        wanted.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidToken from error
    partner, scope = claims.get("client_id") or claims.get("azp"), claims.get("scope", "")
    if not isinstance(partner, str) or not isinstance(scope, str):
        raise InvalidToken
    return Claims(partner, frozenset(scope.split()))


class AnotherIssuer:
    """Reads tokens of the issuer that is set."""

    def __init__(
        self, settings: Settings, now: Callable[[], datetime], client: httpx2.AsyncClient
    ) -> None:
        self._url = settings.api_jwks_url
        self._issuer = settings.api_issuer
        self._audience = settings.audience
        self._now = now
        self._client = client
        self._keys = KeySet([])
        self._fetched = self._failed = float("-inf")
        self._fetching = asyncio.Lock()

    async def read(self, token: str) -> Claims:
        if time.monotonic() - self._fetched > FRESH_SECONDS:
            await self._fetch(FRESH_SECONDS)
        try:
            return self._read(token)
        except InvalidToken as refused:
            if not isinstance(refused.__cause__, InvalidKeyIdError):
                raise
            await self._fetch(AGAIN_SECONDS)
            return self._read(token)

    def _read(self, token: str) -> Claims:
        return claims_of(token, self._keys, THEIRS, self._issuer, self._audience, self._now())

    async def _fetch(self, older_than: float) -> None:
        """Fetch the keys, unless they are younger. Raises `Outage`.

        Those who wait for an issuer that does not answer wait for one try, not for one each.
        """
        async with self._fetching:
            if time.monotonic() - self._fetched <= older_than:
                return
            if time.monotonic() - self._failed <= AGAIN_SECONDS:
                raise Outage("issuer", "it did not answer a moment ago")
            try:
                answer = await self._client.get(self._url, timeout=WITHIN_SECONDS)
                answer.raise_for_status()
                self._keys = KeySet.import_key_set(answer.json())
            except (httpx2.HTTPError, JoseError, ValueError, TypeError, KeyError) as error:
                self._failed = time.monotonic()
                log.warning("no keys of the token issuer", why=type(error).__name__)
                raise Outage("issuer", type(error).__name__) from error
            self._fetched = time.monotonic()

    async def close(self) -> None:
        await self._client.aclose()
