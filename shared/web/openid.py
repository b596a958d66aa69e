"""Signing in with an OpenID Connect provider: the code flow with PKCE, state and nonce.

What a browser brings back counts once, within ten minutes, in the browser that began (login CSRF,
injected codes), and only with an ID token that this provider has signed for this sign-in. Access
tokens are thrown away: the desk asks the provider for nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import dumps
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError

from shared.mongo.client import Database, Document
from shared.mongo.errors import mongodb_errors_as_outage
from shared.mongo.indexes import create_indexes_on
from shared.web.openid_documents import (
    KEYS_READ_AGAIN_AFTER,
    ProviderDocuments,
    ProviderFailed,
    Why,
    client_options,
    no_answer,
    not_trusted,
)
from shared.web.sessions import SignIn, key_of
from shared.web.settings import WebSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger()

VALID = timedelta(minutes=10)
"""From leaving for the provider to coming back."""
LONGEST = 100
NO_SENSE = (ValueError, TypeError, OverflowError, RecursionError)
"""Errors that the libraries raise for values of a type that the specification does not allow."""
METHOD, UNSTATED = "openid_connect", "unstated"
ALGORITHMS = tuple(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512))
"""With a key pair of the provider's: neither `none` nor a secret that others know."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider signed in, how, and where the person wanted to go."""

    claims: Mapping[str, Any]
    by: SignIn
    after: str

    @property
    def verified_address(self) -> str | None:
        """The e-mail address, if the provider says that it is verified."""
        address = self.claims.get("email")
        verified = self.claims.get("email_verified") is True
        return address if verified and isinstance(address, str) else None

    def claim(self, path: str) -> Any:
        """A claim; dots lead into it, such as `realm_access.roles`. None where there is none."""
        if path in self.claims:  # also one that has dots in its name, such as a URL
            return self.claims[path]
        found: Any = self.claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found


class OpenId:
    """One provider, by settings. Its methods raise `ProviderFailed`, `Outage`."""

    def __init__(
        self, database: Database, settings: WebSettings, now: Callable[[], datetime]
    ) -> None:
        self._requests = database.collection("openid_requests")
        self._settings = settings
        self._now = now
        self._tls = ssl.create_default_context()
        self._documents = ProviderDocuments(settings, self._tls, now)

    @property
    def is_set(self) -> bool:
        return bool(self._settings.oidc_issuer)

    @property
    def name(self) -> str:
        """The provider's name on pages."""
        issuer = self._settings.oidc_issuer
        return self._settings.oidc_name or urlsplit(issuer).hostname or issuer

    async def prepare(self) -> None:
        """Create the indexes that are missing."""
        with mongodb_errors_as_outage():
            await create_indexes_on(self._requests, [], expires_on="until")

    async def close(self) -> None:
        await self._documents.close()

    async def begin(self, session_id: str, return_to: str, after: str) -> str:
        """The provider's address to send this browser to. It comes back to `return_to`."""
        endpoint = await self._documents.address("authorization_endpoint")
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        kept = {"nonce": nonce, "verifier": verifier, "return_to": return_to, "after": after}
        state = await self.keep(session_id, kept)
        prompt = {"prompt": self._settings.oidc_prompt} if self._settings.oidc_prompt else {}
        async with self._oauth_client() as client:
            url, _ = client.create_authorization_url(
                endpoint,
                state=state,
                nonce=nonce,
                code_verifier=verifier,
                redirect_uri=return_to,
                **prompt,
            )
        return str(url)

    async def finish(self, session_id: str, said: Mapping[str, str]) -> Identity:
        """Whom the provider signed in, by what the browser brings back from it."""
        asked = await self.take(session_id, said.get("state", ""))
        if asked is None or "verifier" not in asked:
            raise ProviderFailed(Why.NOT_BEGUN_HERE)
        metadata = await self._documents.metadata()
        self._check_issuer(metadata, said)
        if "error" in said:
            log.info("the provider declined a sign-in")
            raise ProviderFailed(Why.DECLINED)
        token = await self._exchange(metadata, said.get("code", ""), asked)
        claims = await self._verified(token, asked["nonce"])
        return Identity(claims, _sign_in(claims), asked["after"])

    async def end_session_address(self, return_to: str) -> str | None:
        """Where a browser signs out at the provider, too; None where that cannot be done."""
        try:
            if "end_session_endpoint" not in await self._documents.metadata():
                return None
            endpoint = await self._documents.address("end_session_endpoint")
        except ProviderFailed:
            return None
        query = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": return_to}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def keep(self, session_id: str, said: Mapping[str, Any]) -> str:
        """Keep something for this browser, under a value that only it is given."""
        token = secrets.token_urlsafe(32)
        bound = {"session": key_of(session_id), "until": self._now() + VALID}
        with mongodb_errors_as_outage():
            await self._requests.insert_one({"_id": _hash(token), **bound, **said})
        return token

    async def take(self, session_id: str, token: str) -> Document | None:
        """Takes the request that was stored for this browser; a second call returns None."""
        wanted = {"_id": _hash(token), "session": key_of(session_id), "until": {"$gt": self._now()}}
        with mongodb_errors_as_outage():
            return await self._requests.find_one_and_delete(wanted)

    def _oauth_client(self, **options: Any) -> Any:
        settings = self._settings
        secret = settings.oidc_client_secret
        return AsyncOAuth2Client(
            settings.oidc_client_id,
            secret.get_secret_value() if secret else None,
            scope=settings.oidc_scopes,
            code_challenge_method="S256",
            **client_options(settings, self._tls),
            **options,
        )

    def _check_issuer(self, metadata: Mapping[str, Any], said: Mapping[str, str]) -> None:
        """A provider that names itself in its answer must be this one (RFC 9207)."""
        named = said.get("iss")
        required = metadata.get("authorization_response_iss_parameter_supported") is True
        if named != self._settings.oidc_issuer and (named is not None or required):
            raise not_trusted("the answer names another issuer")

    async def _exchange(self, metadata: Mapping[str, Any], code: str, asked: Document) -> str:
        endpoint = await self._documents.address("token_endpoint")
        method = _client_authentication(
            metadata, has_secret=bool(self._settings.oidc_client_secret)
        )
        try:
            async with (
                asyncio.timeout(self._settings.oidc_timeout_seconds),
                self._oauth_client(token_endpoint_auth_method=method) as client,
            ):
                found = await client.fetch_token(
                    endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=asked["verifier"],
                    redirect_uri=asked["return_to"],
                )
        except AuthlibBaseError as error:
            raise not_trusted("the provider does not take the code") from error
        except (httpx2.HTTPError, TimeoutError, *NO_SENSE) as error:
            raise no_answer(error) from error
        token = found.get("id_token") if isinstance(found, dict) else None
        if not isinstance(token, str):
            raise not_trusted("there is no ID token")
        return token

    async def _verified(self, token: str, nonce: str) -> Mapping[str, Any]:
        try:
            claims = await self._signed_claims(token)
            self._check(claims, nonce)
            dumps(claims, ensure_ascii=False).encode()  # no half of a character: none can be kept
        except (JoseError, *NO_SENSE) as error:
            raise not_trusted(type(error).__name__) from error
        return claims

    async def _signed_claims(self, token: str) -> dict[str, Any]:
        """Keys that the provider has exchanged meanwhile are read again, once."""
        keys = await self._documents.keys()
        try:
            return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except (InvalidKeyIdError, BadSignatureError):
            newer = await self._documents.keys(at_most=KEYS_READ_AGAIN_AFTER)
            if newer is keys:
                raise
            return jwt.decode(token, newer, algorithms=ALGORITHMS).claims

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        client_id = self._settings.oidc_client_id
        rules = jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()),
            leeway=self._settings.oidc_leeway_seconds,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        rules.validate(claims)
        if claims["nonce"] != nonce:  # the registry takes a list that has it
            raise ValueError("another nonce")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else client_id) != client_id:
            raise ValueError("issued to another client")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _client_authentication(metadata: Mapping[str, Any], *, has_secret: bool) -> str:
    if not has_secret:
        return "none"
    known = metadata.get("token_endpoint_auth_methods_supported")
    basic = not isinstance(known, list) or not known or "client_secret_basic" in known
    return "client_secret_basic" if basic else "client_secret_post"


def _sign_in(claims: Mapping[str, Any]) -> SignIn:
    """The methods that the provider names, and the level that it gives them."""
    amr = claims.get("amr")
    named = [it for it in amr if isinstance(it, str)] if isinstance(amr, list) else []
    acr = claims.get("acr")
    level = acr if isinstance(acr, str) and acr.strip() else UNSTATED
    return SignIn(_mark("+".join([METHOD, *named])), _mark(level))


def _mark(text: str) -> str:
    return "".join(it for it in text if it.isprintable()).strip()[:LONGEST] or UNSTATED
