"""Reads an OpenID Connect provider's discovery document and keys.

Both are read over HTTPS (or on this machine, where the issuer is there), bounded in time and size,
and no redirect is followed: an address in them leads nowhere that the issuer could not have.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key
from pydantic import TypeAdapter

from shared.web.settings import WebSettings, is_private_to_the_wire

log: structlog.stdlib.BoundLogger = structlog.get_logger()

FRESH = timedelta(hours=1)
"""How long the discovery document and the keys are taken as they were read."""
KEYS_READ_AGAIN_AFTER = timedelta(seconds=10)
"""An unknown key is looked for, but not for every forged token."""
ASKED_AGAIN_AFTER = timedelta(seconds=5)
"""All who wait for a silent provider share one attempt in this time."""
MOST_BYTES = 512 * 1024
PLAIN = {"Accept-Encoding": "identity"}
"""No compression, so that the limit on bytes received also limits memory."""


_OBJECT = TypeAdapter(dict[str, Any])


class Why(StrEnum):
    """The reason for a failed sign-in at a provider."""

    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    NOT_BEGUN_HERE = "not_begun_here"
    NOT_TRUSTED = "not_trusted"


class ProviderFailed(Exception):
    """The provider signed nobody in."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


def not_trusted(why: str) -> ProviderFailed:
    log.warning("the provider's answer is not trusted", why=why)
    return ProviderFailed(Why.NOT_TRUSTED)


def no_answer(error: Exception) -> ProviderFailed:
    log.warning("the provider does not answer", why=type(error).__name__)
    return ProviderFailed(Why.NO_ANSWER)


class TooLong(ValueError):
    """An answer has more bytes than any that would be sound."""


class BoundedStream(httpx2.AsyncByteStream):
    """A response's bytes. Raises `TooLong` after `MOST_BYTES` of them."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for part in self._stream:
            received += len(part)
            if received > MOST_BYTES:
                raise TooLong
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


async def bound(response: httpx2.Response) -> None:
    """A client's hook: no response is read beyond `MOST_BYTES`."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise TooLong
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = BoundedStream(response.stream)


def client_options(settings: WebSettings, tls: ssl.SSLContext) -> dict[str, Any]:
    """How every request to the provider is made."""
    return {
        "timeout": settings.oidc_timeout_seconds,
        "verify": tls,
        "headers": PLAIN,
        "follow_redirects": False,
        "event_hooks": {"response": [bound]},
    }


class ProviderDocuments:
    """Reads them, and again when they are old. Its methods raise `ProviderFailed`."""

    def __init__(
        self, settings: WebSettings, tls: ssl.SSLContext, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._now = now
        self._client = httpx2.AsyncClient(**client_options(settings, tls))
        self._reading = asyncio.Lock()
        self._metadata: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None
        self._silent_until: datetime | None = None

    async def close(self) -> None:
        await self._client.aclose()

    async def metadata(self) -> Mapping[str, Any]:
        """The discovery document."""
        async with self._reading:
            if self._metadata is None or self._metadata[0] + FRESH <= self._now():
                issuer = self._settings.oidc_issuer
                read = await self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                if read.get("issuer") != issuer:
                    raise not_trusted("the discovery document names another issuer")
                self._metadata = (self._now(), read)
            return self._metadata[1]

    async def keys(self, at_most: timedelta = FRESH) -> KeySet:
        """The provider's keys, read no longer ago than `at_most`."""
        address = await self.address("jwks_uri")
        async with self._reading:
            if self._keys is None or self._keys[0] + at_most <= self._now():
                self._keys = (self._now(), _key_set(await self._json(address)))
            return self._keys[1]

    async def address(self, name: str) -> str:
        """An address that the discovery document names."""
        found = (await self.metadata()).get(name)
        if not isinstance(found, str) or not may_lead_to(self._settings.oidc_issuer, found):
            raise not_trusted(f"no {name} over HTTPS")
        return found

    async def _json(self, url: str) -> Mapping[str, Any]:
        if self._silent_until is not None and self._now() < self._silent_until:
            raise ProviderFailed(Why.NO_ANSWER)
        try:
            async with asyncio.timeout(self._settings.oidc_timeout_seconds):
                answer = await self._client.get(url)
            answer.raise_for_status()
            found = _OBJECT.validate_json(answer.content)
        except (httpx2.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            self._silent_until = self._now() + ASKED_AGAIN_AFTER
            raise no_answer(error) from error
        self._silent_until = None
        return found


def may_lead_to(issuer: str, address: str) -> bool:
    """Whether a provider may name this address: over HTTPS, or on this machine if it is there too.

    A provider elsewhere leads to none of this machine's ports.
    """
    is_here = urlsplit(issuer).scheme == "http"
    try:
        return is_private_to_the_wire(address) and (is_here or urlsplit(address).scheme == "https")
    except ValueError:  # no address at all, such as https://[
        return False


def _key_set(read: Mapping[str, Any]) -> KeySet:
    """Returns the signing keys; keys of unknown kinds are skipped."""
    said = read.get("keys")
    keys = []
    for key in said if isinstance(said, list) else ():
        if isinstance(key, dict) and key.get("use", "sig") == "sig":
            try:
                keys.append(import_key(key))
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    return KeySet(keys)
