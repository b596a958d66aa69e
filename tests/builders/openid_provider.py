"""An OpenID Connect provider on a free port: it signs in whom a test names, and lies when told."""

from __future__ import annotations

import asyncio
import secrets
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "portal", "a secret of the provider's client"


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig"})


@dataclass
class Provider:
    """`claims` go into the next ID token, which `sign` may sign in another way.

    `slow` and `huge` name those of its answers ("discovery", "keys", "token") that do not come, or
    that do not end.
    """

    issuer: str = ""
    key: ECKey = field(default_factory=new_key)
    more_keys: list[Any] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    exchanged: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    answers: bool = True
    declines: bool = False
    now: Callable[[], float] = time.time
    slow: str = ""
    huge: str = ""
    reads: Counter[str] = field(default_factory=Counter)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, address: str) -> dict[str, str]:
        """Returns the parameters that the browser brings back from the provider's address."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    async def sends_back(self, request: Request) -> Response:
        """As the provider's pages do once the person has said who it is, or has cancelled."""
        asked = request.query_params
        said = self.authorize(str(request.url))
        if self.declines:
            said = {"error": "access_denied", "state": asked["state"], "iss": self.issuer}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(said)}", 303)

    async def ends(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 303)

    def token(self, nonce: str) -> str:
        now = int(self.now())
        said = {"iss": self.issuer, "aud": CLIENT, "sub": "s-1", "nonce": nonce}
        said |= {"iat": now, "exp": now + 60} | self.claims
        said = {name: value for name, value in said.items() if value is not None}
        if self.sign is not None:
            return self.sign(said)
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, said, self.key)

    async def discovery(self, _request: Request) -> Response:
        if not self.answers:
            return Response(status_code=503)
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
        }
        return await self._answer("discovery", said | self.metadata)

    async def keys(self, _request: Request) -> Response:
        keys = [self.key.as_dict(private=False), {"kty": "new"}, *self.more_keys]
        return await self._answer("keys", {"keys": keys})

    async def exchange(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self._codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "").encode()
        challenge = urlsafe_b64encode(sha256(verifier).digest()).rstrip(b"=").decode()
        same = asked is not None and asked["redirect_uri"] == form.get("redirect_uri")
        if asked is None or not same or challenge != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if not request.headers.get("authorization", "").startswith("Basic "):
            return JSONResponse({"error": "invalid_client"}, 401)
        token = self.token(asked["nonce"])
        said = {"access_token": "x", "token_type": "Bearer", "id_token": token} | self.exchanged
        return await self._answer("token", said)

    async def _answer(self, name: str, said: dict[str, Any]) -> Response:
        self.reads[name] += 1
        if name in self.slow:
            await self.ended.wait()
        whole = said | ({"more": "x" * 1024 * 1024} if name in self.huge else {})
        return Response(dumps(whole), media_type="application/json")


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """It listens until left."""
    made = Provider()
    routes = [
        Route("/.well-known/openid-configuration", made.discovery),
        Route("/keys", made.keys),
        Route("/authorize", made.sends_back),
        Route("/end", made.ends),
        Route("/token", made.exchange, methods=["POST"]),
    ]
    config = uvicorn.Config(Starlette(routes=routes), port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    made.issuer = f"http://127.0.0.1:{socket.getsockname()[1]}"
    serving = asyncio.create_task(server._serve([socket]))
    try:
        async with asyncio.timeout(30):
            while not server.started:
                await asyncio.sleep(0.01)
        yield made
    finally:
        made.ended.set()
        server.should_exit = True
        await serving
