"""A provider's sign-in: sound ones count, every attack of the specification is refused."""

from __future__ import annotations

import asyncio
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey
from pydantic import SecretStr

from shared.mongo.client import Database
from shared.web.openid import VALID, Identity, OpenId
from shared.web.openid_documents import ASKED_AGAIN_AFTER, ProviderFailed, Why, may_lead_to
from shared.web.sessions import SignIn
from shared.web.settings import WebSettings
from tests.builders.few_documents import FewDocuments
from tests.builders.openid_provider import CLIENT, SECRET, Provider, new_key, provider

HERE, THERE = "a session", "another session"
BACK = "https://portal.example/es/entrar/proveedor/vuelta"


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
async def at() -> AsyncIterator[Provider]:
    async with provider() as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def openid(at: Provider, clock: Clock) -> AsyncIterator[OpenId]:
    made = openid_of(at, clock, oidc_prompt="login")
    yield made
    await made.close()


def openid_of(at: Provider, clock: Clock, **more: Any) -> OpenId:
    settings = WebSettings(
        oidc_issuer=at.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SecretStr(SECRET),
        **more,
    )
    return OpenId(cast(Database, FewDocuments()), settings, clock)


async def signed_in(openid: OpenId, at: Provider, **changed: str) -> Identity:
    said = at.authorize(await openid.begin(HERE, BACK, "/es/contratos"))
    return await openid.finish(HERE, said | changed)


async def test_a_sound_sign_in_has_its_claims_and_says_how_it_was_made(
    openid: OpenId, at: Provider
) -> None:
    at.claims = {"email": "ana@example.test", "email_verified": True, "acr": "2", "amr": ["pwd"]}

    found = await signed_in(openid, at)

    assert found.verified_address == "ana@example.test"
    assert found.by == SignIn("openid_connect+pwd", "2")
    assert found.after == "/es/contratos"


async def test_the_browser_is_sent_with_state_nonce_challenge_and_prompt(openid: OpenId) -> None:
    asked = parse_qs(urlsplit(await openid.begin(HERE, BACK, "")).query)

    assert asked["redirect_uri"] == [BACK]
    assert asked["prompt"] == ["login"]
    assert asked["scope"] == ["openid email"]
    assert len({asked[name][0] for name in ("state", "nonce", "code_challenge")}) == 3


def unsigned(claims: dict[str, Any]) -> str:
    parts = (dumps({"alg": "none"}).encode(), dumps(claims).encode(), b"")
    return ".".join(urlsafe_b64encode(it).rstrip(b"=").decode() for it in parts)


def by_a_known_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])


PUBLISHED = OctKey.generate_key(256, {"kid": "published"})


def by_a_published_secret(claims: dict[str, Any]) -> str:
    header = {"alg": "HS256", "kid": PUBLISHED.kid}
    return jwt.encode(header, claims, PUBLISHED, algorithms=["HS256"])


def by_another(claims: dict[str, Any]) -> str:
    key = new_key()
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)


NOW = int(time.time())
LIES: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "another"},
    "a list of nonces": {"nonce": ["another"]},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another"},
    "no audience": {"aud": None},
    "several audiences, and nobody's party": {"aud": [CLIENT, "another"]},
    "another authorised party": {"aud": [CLIENT, "another"], "azp": "another"},
    "another issuer": {"iss": "https://evil.example"},
    "no subject": {"sub": None},
    "expired": {"exp": NOW - 3600},
    "no expiry": {"exp": None},
    "issued tomorrow": {"iat": NOW + 86_400},
}
FORGERIES: dict[str, Callable[[dict[str, Any]], str]] = {
    "no signature": unsigned,
    "a secret that others know": by_a_known_secret,
    "a secret that the provider publishes": by_a_published_secret,
    "a key of another": by_another,
    "no token": lambda _: "x",
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_token_that_is_not_for_this_sign_in_is_refused(
    openid: OpenId, at: Provider, lie: str
) -> None:
    at.claims = LIES[lie]

    with pytest.raises(ProviderFailed) as failed:
        await signed_in(openid, at)

    assert failed.value.why is Why.NOT_TRUSTED


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_token_that_the_provider_did_not_sign_is_refused(
    openid: OpenId, at: Provider, forgery: str
) -> None:
    at.sign, at.more_keys = FORGERIES[forgery], [PUBLISHED.as_dict(private=True)]

    with pytest.raises(ProviderFailed) as failed:
        await signed_in(openid, at)

    assert failed.value.why is Why.NOT_TRUSTED


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"state": "x" * 43}, Why.NOT_BEGUN_HERE),
        ({"state": ""}, Why.NOT_BEGUN_HERE),
        ({"code": "another"}, Why.NOT_TRUSTED),
        ({"iss": "https://evil.example"}, Why.NOT_TRUSTED),
        ({"error": "access_denied"}, Why.DECLINED),
    ],
)
async def test_an_answer_of_another_sign_in_is_refused(
    openid: OpenId, at: Provider, changed: dict[str, str], why: Why
) -> None:
    with pytest.raises(ProviderFailed) as failed:
        await signed_in(openid, at, **changed)

    assert failed.value.why is why


async def test_an_answer_counts_once_in_the_browser_that_began_for_ten_minutes(
    openid: OpenId, at: Provider, clock: Clock
) -> None:
    said = at.authorize(await openid.begin(HERE, BACK, ""))
    with pytest.raises(ProviderFailed, match=Why.NOT_BEGUN_HERE):
        await openid.finish(THERE, said)
    await openid.finish(HERE, said)
    with pytest.raises(ProviderFailed, match=Why.NOT_BEGUN_HERE):
        await openid.finish(HERE, said)
    late = at.authorize(await openid.begin(HERE, BACK, ""))
    clock.ahead += VALID
    with pytest.raises(ProviderFailed, match=Why.NOT_BEGUN_HERE):
        await openid.finish(HERE, late)


async def test_a_code_of_another_browsers_sign_in_is_not_exchanged(
    openid: OpenId, at: Provider
) -> None:
    stolen = at.authorize(await openid.begin(THERE, BACK, ""))["code"]

    with pytest.raises(ProviderFailed, match=Why.NOT_TRUSTED):
        await signed_in(openid, at, code=stolen)


async def test_keys_that_were_exchanged_are_read_again_but_not_for_every_forgery(
    openid: OpenId, at: Provider, clock: Clock
) -> None:
    await signed_in(openid, at)
    at.sign = by_another
    for _ in range(3):
        with pytest.raises(ProviderFailed):
            await signed_in(openid, at)
    assert at.reads["keys"] == 1
    at.sign, at.key = None, new_key()
    clock.ahead += timedelta(seconds=11)

    await signed_in(openid, at)

    assert at.reads["keys"] == 2


async def test_a_provider_that_is_down_or_names_another_issuer_begins_nothing(
    openid: OpenId, at: Provider, clock: Clock
) -> None:
    at.answers = False
    with pytest.raises(ProviderFailed, match=Why.NO_ANSWER):
        await openid.begin(HERE, BACK, "")
    at.answers, at.metadata = True, {"issuer": "https://evil.example"}
    clock.ahead += ASKED_AGAIN_AFTER
    with pytest.raises(ProviderFailed, match=Why.NOT_TRUSTED):
        await openid.begin(HERE, BACK, "")
    at.metadata = {"authorization_endpoint": "http://evil.example/authorize"}
    with pytest.raises(ProviderFailed, match=Why.NOT_TRUSTED):
        await openid.begin(HERE, BACK, "")


def by_the_provider(key: ECKey, payload: bytes) -> str:
    return jws.serialize_compact({"alg": "ES256", "kid": key.kid}, payload, key)


async def test_a_nonce_among_others_is_not_the_one(openid: OpenId, at: Provider) -> None:
    at.sign = lambda said: by_the_provider(
        at.key, dumps(said | {"nonce": [said["nonce"]]}).encode()
    )

    with pytest.raises(ProviderFailed, match=Why.NOT_TRUSTED):
        await signed_in(openid, at)


@pytest.mark.parametrize(
    "exchanged",
    [
        {"expires_in": [1]},
        {"expires_in": float("inf")},
        {"expires_in": "soon"},
        {"expires_at": {}},
        {"error": 5},
        {"id_token": 5},
    ],
)
async def test_a_token_answer_that_makes_no_sense_fails_as_any_other(
    openid: OpenId, at: Provider, exchanged: dict[str, Any]
) -> None:
    at.exchanged = exchanged

    with pytest.raises(ProviderFailed):
        await signed_in(openid, at)


@pytest.mark.parametrize("payload", [b"[]", b"5", b"\xff", b'{"a":' * 3000 + b"1" + b"}" * 3000])
async def test_a_signed_text_that_is_no_token_is_refused(
    openid: OpenId, at: Provider, payload: bytes
) -> None:
    at.sign = lambda _said: by_the_provider(at.key, payload)

    with pytest.raises(ProviderFailed, match=Why.NOT_TRUSTED):
        await signed_in(openid, at)


async def test_a_claim_with_half_a_character_is_refused(openid: OpenId, at: Provider) -> None:
    at.sign = lambda said: by_the_provider(at.key, dumps(said | {"customer_id": "\ud800"}).encode())

    with pytest.raises(ProviderFailed, match=Why.NOT_TRUSTED):
        await signed_in(openid, at)


@pytest.mark.parametrize("methods", [5, "client_secret_post", {}, [], [5], True])
async def test_a_provider_that_says_nonsense_of_its_methods_is_told_the_secret_as_by_default(
    openid: OpenId, at: Provider, methods: object
) -> None:
    at.metadata = {"token_endpoint_auth_methods_supported": methods}
    if methods == [5]:
        with pytest.raises(ProviderFailed):
            await signed_in(openid, at)
        return

    await signed_in(openid, at)


@pytest.mark.parametrize("answer", ["discovery", "keys", "token"])
async def test_an_answer_without_end_is_not_read_to_its_end(
    openid: OpenId, at: Provider, answer: str
) -> None:
    at.huge = answer

    with pytest.raises(ProviderFailed, match=Why.NO_ANSWER):
        await signed_in(openid, at)


@pytest.mark.parametrize("answer", ["discovery", "keys", "token"])
async def test_an_answer_that_does_not_come_is_not_waited_for(at: Provider, answer: str) -> None:
    openid = openid_of(at, Clock(), oidc_timeout_seconds=0.2)
    at.slow = answer

    with pytest.raises(ProviderFailed, match=Why.NO_ANSWER):
        await signed_in(openid, at)
    await openid.close()


async def test_many_who_wait_for_a_silent_provider_wait_for_one_try(at: Provider) -> None:
    openid = openid_of(at, Clock(), oidc_timeout_seconds=0.2)
    at.slow = "discovery"

    tries = [openid.begin(HERE, BACK, "") for _ in range(20)]
    said = await asyncio.gather(*tries, return_exceptions=True)

    assert {type(it) for it in said} == {ProviderFailed}
    assert at.reads["discovery"] <= 1
    await openid.close()


@pytest.mark.parametrize(
    ("issuer", "address", "may"),
    [
        ("https://login.example", "https://keys.example/keys", True),
        ("https://login.example", "http://login.example/keys", False),
        ("https://login.example", "http://127.0.0.1:8092/history", False),
        ("https://login.example", "http://localhost:8092/history", False),
        ("https://login.example", "file:///etc/passwd", False),
        ("https://login.example", "//keys.example/keys", False),
        ("https://login.example", "https://[keys/", False),
        ("http://localhost:9000", "http://localhost:9000/keys", True),
        ("http://localhost:9000", "http://keys.example/keys", False),
    ],
)
def test_a_provider_leads_to_no_port_of_this_machine_unless_it_is_there(
    issuer: str, address: str, *, may: bool
) -> None:
    assert may_lead_to(issuer, address) is may


async def test_a_clock_that_is_off_by_less_than_the_leeway_hinders_nobody(
    openid: OpenId, at: Provider
) -> None:
    now = int(time.time())
    for claims in ({"exp": now - 10}, {"iat": now + 40, "exp": now + 90}):
        at.claims = claims

        await signed_in(openid, at)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
async def test_an_address_that_is_not_verified_is_nobodys(
    openid: OpenId, at: Provider, verified: object
) -> None:
    at.claims = {"email": "ana@example.test", "email_verified": verified}

    assert (await signed_in(openid, at)).verified_address is None


def test_a_claim_is_found_by_its_name_or_within_another() -> None:
    claims = {"realm_access": {"roles": ["agent"]}, "https://a.example/id": "C-1", "x": 1}
    found = Identity(claims, SignIn("m", "l"), "")

    assert found.claim("realm_access.roles") == ["agent"]
    assert found.claim("https://a.example/id") == "C-1"
    assert found.claim("x.y") is None
