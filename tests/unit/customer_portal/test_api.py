"""`/api/v1`: tokens, submissions and their status, as a partner's system meets them."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from services.customer_portal.api import openapi, tokens
from services.customer_portal.api.application import api_app
from services.customer_portal.api.partners import Partner, Scope
from services.customer_portal.api.routes import ENDPOINTS
from services.customer_portal.api.tokens import AnotherIssuer, InvalidToken
from services.customer_portal.settings import Settings
from shared.events.envelope import message_uuid
from shared.outage import Outage
from shared.web import middleware
from tests.builders.portal import ALL_SCOPES, NOW, Answer, Browser, PortalOfFew, portal_of_few

SOURCE = "/channels/partners/acme"
INQUIRY: dict[str, Any] = {
    "customer_id": "C-ANA",
    "channel": "partner",
    "received_at": "2026-11-27T09:59:00+01:00",
    "request_type": "contracts",
    "subject": "Una pregunta",
    "text": "¿Hasta cuándo?",
}
STRUCTURED = "application/cloudevents+json; charset=utf-8"


@pytest.fixture
async def portal() -> AsyncIterator[PortalOfFew]:
    with portal_of_few() as portal:
        yield portal


def ce(**changes: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "s-1",
        "ce-source": SOURCE,
        "ce-type": "submission.inquiry.v1",
    } | {name.replace("_", "-"): value for name, value in changes.items()}


def body(**changes: Any) -> bytes:
    return json.dumps(INQUIRY | changes).encode()


def faults(answer: Answer) -> dict[str, str]:
    return {it["field"]: it["code"] for it in answer.json["errors"]}


async def test_an_event_in_binary_mode_is_kept_published_and_followed(portal: PortalOfFew) -> None:
    acme = await portal.partner()

    sent = await acme.ask("POST", "/submissions", body(), **ce(ce_time="2026-11-27T08:00:00Z"))

    own = str(message_uuid(SOURCE, "s-1"))
    assert sent.status == 202
    assert sent.header("location") == f"http://localhost:8080/api/v1/submissions/{own}"
    assert sent.json["status"] == "sent"
    [event] = portal.published.events
    said = {name: value.decode() for name, value in event.headers}
    assert said["ce_id"] == "s-1"
    assert said["ce_source"] == SOURCE
    assert said["ce_time"] == "2026-11-27T08:00:00.000Z"
    assert event.key == "C-ANA"
    assert json.loads(event.value)["text"] == "¿Hasta cuándo?"
    assert "language" not in json.loads(event.value), "no default is put into the partner's mouth"

    opened = {"_id": own, "customer_id": "C-ANA", "reference": "INQ-1", "opened": True}
    await portal.keep("inquiries", opened | {"status": "resolved"})
    found = (await acme.get(f"/submissions/{own}")).json
    assert found["status"] == "received"
    assert found["inquiry"]["reference"] == "INQ-1"
    assert found["inquiry"]["status"] == "resolved"


async def test_structured_mode_says_the_same(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": "s-1",
        "source": f"{SOURCE}/shop",
        "type": "submission.inquiry.v1",
    }
    encoded = base64.b64encode(body()).decode()

    wrapped: list[dict[str, Any]] = [{"data": INQUIRY}, {"data_base64": encoded}]
    for number, data in enumerate(wrapped):
        whole = json.dumps(event | {"id": f"s-{number}"} | data).encode()
        sent = await acme.ask("POST", "/submissions", whole, **{"content-type": STRUCTURED})
        assert sent.status == 202, sent.body

    values = [json.loads(it.value) for it in portal.published.events]
    assert values[0] == values[1]
    assert values[0]["subject"] == "Una pregunta"


async def test_the_same_event_again_is_answered_alike_and_another_one_under_its_id_is_not(
    portal: PortalOfFew,
) -> None:
    acme = await portal.partner()
    first = await acme.ask("POST", "/submissions", body(), **ce())

    again = await acme.ask("POST", "/submissions", body(contact=None), **ce())
    other = await acme.ask("POST", "/submissions", body(text="Otra cosa"), **ce())
    other_type = await acme.ask(
        "POST",
        "/submissions",
        body(contract_number="K-1"),
        **ce(ce_type="submission.contract_copy.v1"),
    )

    assert again.status == 202
    assert again.json == first.json
    for refused in (other, other_type):
        assert refused.status == 409
        assert faults(refused) == {"ce_id": "id_reused"}
    assert len(portal.published.events) == 1


async def test_the_status_says_that_a_submission_waits_for_the_broker(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    portal.published.down = True

    sent = await acme.ask("POST", "/submissions", body(), **ce())

    path = sent.header("location").partition("/api/v1")[2]
    assert sent.status == 202
    assert sent.json["status"] == "sending"
    assert (await acme.get(path)).json["status"] == "sending"
    portal.published.down = False
    for document in portal.own.collection("submissions").documents.values():
        document["at"] -= timedelta(minutes=1)
    await portal.process.portal.outbox.publish_waiting()
    assert (await acme.get(path)).json["status"] == "sent"
    [event] = portal.published.events
    assert dict(event.headers)["ce_source"].decode() == SOURCE


async def test_a_rejection_is_told_with_its_codes(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    sent = await acme.ask("POST", "/submissions", body(), **ce())
    told = {"es": "Demasiado antiguo", "en": "Too old"}
    errors: Any = [{"field": "received_at", "code": "too_old", "message": told}]
    answer = {"_id": sent.json["id"], "customer_id": "C-ANA", "rejected": errors}
    await portal.keep("inquiries", answer)

    found = (await acme.get(f"/submissions/{sent.json['id']}")).json

    assert found["status"] == "rejected"
    assert found["errors"] == errors
    assert "inquiry" not in found


async def test_a_follow_up_leads_to_the_inquiry_that_it_continues(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    data = {k: INQUIRY[k] for k in ("customer_id", "channel", "received_at", "text")}
    sent = await acme.ask(
        "POST",
        "/submissions",
        json.dumps(data | {"inquiry_id": "INQ-1"}).encode(),
        **ce(ce_type="submission.follow_up.v1"),
    )
    assert sent.status == 202, sent.body
    await portal.keep("inquiries", {"_id": sent.json["id"], "answers": "i-1"})
    await portal.keep(
        "inquiries",
        {"_id": "i-1", "customer_id": "C-ANA", "reference": "INQ-1", "stated": {"status": "open"}},
    )

    found = (await acme.get(f"/submissions/{sent.json['id']}")).json

    assert found["inquiry"]["id"] == "i-1"
    assert found["inquiry"]["url"].endswith("/customers/C-ANA/inquiries/i-1")


FAULTY: dict[str, tuple[dict[str, Any], dict[str, str], int, dict[str, str]]] = {
    "every_fault_at_once": (
        {"subject": None, "text": " ", "channel": "web", "request_type": "x"},
        {},
        422,
        {
            "subject": "missing",
            "text": "too_short",
            "channel": "not_allowed",
            "request_type": "not_allowed",
        },
    ),
    "attributes_and_data": (
        {"text": None},
        {"ce_id": "", "ce_specversion": "0.3", "ce_time": "today"},
        422,
        {
            "text": "missing",
            "ce_id": "missing",
            "ce_specversion": "not_allowed",
            "ce_time": "wrong_format",
        },
    ),
    "unknown_type": ({}, {"ce_type": "submission.all.v1"}, 422, {"ce_type": "unknown_type"}),
    "another_topics_type": (
        {},
        {"ce_type": "agent.access_authorised.v1"},
        422,
        {"ce_type": "unknown_type"},
    ),
    "another_customer": ({"customer_id": "C-BEA"}, {}, 403, {"customer_id": "not_allowed"}),
    "another_customer_and_more": (
        {"customer_id": "C-BEA", "text": None},
        {},
        403,
        {"customer_id": "not_allowed", "text": "missing"},
    ),
    "another_source": (
        {},
        {"ce_source": "/channels/partners/acme2"},
        403,
        {"ce_source": "source_not_allowed"},
    ),
    "the_desks_telephone": ({"channel": "call_centre"}, {}, 422, {"channel": "not_allowed"}),
    "the_desks_source": (
        {},
        {"ce_source": "/services/customer_portal"},
        403,
        {"ce_source": "source_not_allowed"},
    ),
    "a_source_that_leads_to_anothers": (
        {},
        {"ce_source": "/channels/partners/acme/../web"},
        403,
        {"ce_source": "source_not_allowed"},
    ),
    "header_injection": ({}, {"ce_id": "s-1%0d%0aX-Evil: 1"}, 422, {"ce_id": "wrong_format"}),
    "no_such_moment": (
        {"received_at": "9999-12-31T23:59:59-14:00"},
        {"ce_time": "0001-01-01T00:00:00+14:00"},
        422,
        {"ce_time": "wrong_format", "received_at": "wrong_format"},
    ),
    "attachments": ({"documents": ["d-of-another"]}, {}, 422, {"documents": "not_allowed"}),
    "half_a_character": ({"text": "\ud800"}, {}, 422, {"text": "wrong_format"}),
    "too_many_items": (
        {"contact": {str(n): n for n in range(2000)}},
        {},
        422,
        {"contact": "too_long"},
    ),
}


@pytest.mark.parametrize(
    ("changes", "headers", "status", "expected"),
    FAULTY.values(),
    ids=FAULTY.keys(),
)
async def test_every_fault_is_named_at_once(
    portal: PortalOfFew,
    changes: dict[str, Any],
    headers: dict[str, str],
    status: int,
    expected: dict[str, str],
) -> None:
    acme = await portal.partner()

    refused = await acme.ask("POST", "/submissions", body(**changes), **ce(**headers))

    assert refused.status == status, refused.body
    assert refused.header("content-type") == "application/problem+json"
    assert faults(refused) == expected
    assert portal.published.events == []
    assert portal.own.collection("submissions").documents == {}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "not_json"),
        (b"[]", "not_an_object"),
        (b"", "not_json"),
        (b"9" * 300_000, "too_large"),
    ],
)
async def test_data_that_is_no_object_is_refused(
    portal: PortalOfFew, content: bytes, expected: str
) -> None:
    acme = await portal.partner()

    refused = await acme.ask("POST", "/submissions", content, **ce())

    assert refused.status == 422
    assert faults(refused) == {"data": expected}


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/cloudevents-batch+json", "application/xml", ""]
)
async def test_another_media_type_is_refused(portal: PortalOfFew, media_type: str) -> None:
    acme = await portal.partner()

    refused = await acme.ask("POST", "/submissions", body(), **ce() | {"content-type": media_type})

    assert refused.status == 415
    assert "application/cloudevents+json" in refused.header("accept-post")


async def test_a_body_is_limited_before_it_is_parsed(portal: PortalOfFew) -> None:
    acme = await portal.partner()

    announced = await acme.ask("POST", "/submissions", b"", **ce() | {"content-length": "9999999"})
    sent = await acme.ask("POST", "/submissions", b" " * 600_000, **ce())

    for refused in (announced, sent):
        assert refused.status == 413
        assert refused.header("content-type") == "application/problem+json"


async def test_a_profile_changes_its_language_only_if_the_partner_says_so(
    portal: PortalOfFew,
) -> None:
    acme = await portal.partner()
    data = {k: INQUIRY[k] for k in ("customer_id", "channel", "received_at")}
    for number, more in enumerate(({"name": "Ana"}, {"language": "fr"})):
        sent = await acme.ask(
            "POST",
            "/submissions",
            json.dumps(data | more).encode(),
            **ce(ce_type="submission.profile_update.v1", ce_id=f"p-{number}"),
        )
        assert sent.status == 202, sent.body

    named, french = (json.loads(it.value) for it in portal.published.events)
    assert named == data | {"name": "Ana", "received_at": named["received_at"]}
    assert french["language"] == "fr", "the answer says that the desk does not have it"


async def test_a_submission_is_read_by_the_partner_that_sent_it_and_by_nobody_else(
    portal: PortalOfFew,
) -> None:
    acme, other = await portal.partner(), await portal.partner("other")
    sent = await acme.ask("POST", "/submissions", body(), **ce())
    path = f"/submissions/{sent.json['id']}"

    assert (await other.get(path)).status == 404
    assert (await acme.get("/submissions/unknown")).status == 404
    ana = await portal.signed_in("C-ANA")
    assert (await ana.get(f"/es/envios/{sent.json['id']}")).status == 404
    await portal.process.api.partners.grant("acme", ["C-BEA"])
    assert (await acme.get(path)).status == 404, "what is taken back ends at once"


# Tokens


def forged(portal: PortalOfFew, **changes: Any) -> str:
    """A token by our own key, with other claims."""
    issuer = portal.process.api.issuer
    assert issuer is not None
    claims = jwt.decode(issuer.issue("acme", ALL_SCOPES.split()), issuer.key, ["Ed25519"]).claims
    changed = {name: it for name, it in (claims | changes).items() if it is not None}
    return jwt.encode({"alg": "Ed25519"}, changed, issuer.key, algorithms=["Ed25519"])


def unsigned(portal: PortalOfFew) -> str:
    _, claims, _ = forged(portal).split(".")
    return f"{encoded(NONE)}.{claims}."


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def by_the_public_key(portal: PortalOfFew) -> str:
    """The public key taken for a shared secret."""
    issuer = portal.process.api.issuer
    assert issuer is not None
    _, claims, _ = forged(portal).split(".")
    said = f"{encoded(HS256)}.{claims}"
    secret = issuer.key.as_pem(private=False)
    return f"{said}.{encoded(hmac.digest(secret, said.encode(), 'sha256'))}"


def by_another_key(portal: PortalOfFew) -> str:
    issuer = portal.process.api.issuer
    assert issuer is not None
    claims = jwt.decode(forged(portal), issuer.key, ["Ed25519"]).claims
    key = OKPKey.generate_key("Ed25519")
    return jwt.encode({"alg": "Ed25519"}, claims, key, algorithms=["Ed25519"])


NONE, HS256 = b'{"alg":"none"}', b'{"alg":"HS256"}'
SECOND = int(NOW.timestamp())
FORGERIES: dict[str, Any] = {
    "alg_none": unsigned,
    "public_key_as_secret": by_the_public_key,
    "another_key": by_another_key,
    "expired": lambda portal: forged(portal, iat=SECOND - 900, exp=SECOND - 31),
    "without_end": lambda portal: forged(portal, exp=None),
    "not_yet": lambda portal: forged(portal, nbf=SECOND + 900),
    "another_audience": lambda portal: forged(portal, aud="https://elsewhere.example"),
    "no_audience": lambda portal: forged(portal, aud=None),
    "another_issuer": lambda portal: forged(portal, iss="https://elsewhere.example"),
    "unknown_partner": lambda portal: forged(portal, client_id="nobody"),
    "no_partner": lambda portal: forged(portal, client_id=None),
    "no_name": lambda portal: forged(portal, client_id={"$ne": None}),
    "too_long": lambda portal: forged(portal, more="x" * 9000),
    "rubbish": lambda _portal: "a.b.c",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_token_that_is_not_ours_for_this_api_and_now_opens_nothing(
    portal: PortalOfFew, forgery: Any
) -> None:
    acme = await portal.partner()
    acme.token = forged(portal)
    assert (await acme.get("/submissions/unknown")).status == 404, "a sound one is taken"

    acme.token = forgery(portal)
    refused = await acme.get("/submissions/unknown")

    assert refused.status == 401
    assert 'error="invalid_token"' in refused.header("www-authenticate")


async def test_every_endpoint_asks_for_its_scope(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    for endpoint in ENDPOINTS:
        if endpoint.scope is None:
            continue
        path = re.sub(r"{[^}]*}", "x", endpoint.path)
        others = " ".join(it for it in Scope if it is not endpoint.scope)
        acme.token = forged(portal, scope=others)
        assert (await acme.ask(endpoint.method, path, b"{}")).status == 403, path
        acme.token = ""
        assert (await acme.ask(endpoint.method, path, b"{}")).status == 401, path


async def test_a_partner_has_no_scope_that_the_desk_did_not_give_it(portal: PortalOfFew) -> None:
    await portal.process.api.partners.add("reader", [Scope.READ], ["C-ANA"])
    acme = await portal.partner()
    acme.token = forged(portal, client_id="reader", scope=ALL_SCOPES)
    own = ce(ce_source="/channels/partners/reader")

    refused = await acme.ask("POST", "/submissions", body(), **own)

    assert refused.status == 403
    assert 'error="insufficient_scope"' in refused.header("www-authenticate")


async def test_a_revoked_partner_is_answered_nothing(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    await portal.process.api.partners.revoke("acme")

    assert (await acme.get("/submissions/unknown")).status == 401


async def ask_for_token(
    portal: PortalOfFew, basic: tuple[str, str] | None = None, **form: str
) -> Answer:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if basic is not None:
        headers["authorization"] = f"Basic {base64.b64encode(':'.join(basic).encode()).decode()}"
    said = urlencode({"grant_type": "client_credentials"} | form).encode()
    return await Browser(portal).ask("POST", "/api/v1/token", said, headers)


async def test_a_partner_gets_a_token_for_its_secret_which_is_kept_as_a_hash(
    portal: PortalOfFew,
) -> None:
    secret = await portal.process.api.partners.add("shop", tuple(Scope), ["C-ANA"])
    assert secret is not None

    by_header = await ask_for_token(portal, ("shop", secret), scope="submissions:write")
    in_form = await ask_for_token(portal, client_id="shop", client_secret=secret)

    assert by_header.json["scope"] == "submissions:write"
    assert by_header.json["expires_in"] == 600
    assert by_header.header("cache-control") == "no-store"
    assert in_form.json["scope"] == " ".join(sorted(Scope))
    acme = await portal.partner()
    acme.token = by_header.json["access_token"]
    assert (await acme.get("/submissions/unknown")).status == 404
    assert secret not in repr(portal.own.collection("partners").documents)


@pytest.mark.parametrize(
    ("basic", "form", "status", "error"),
    [
        (("shop", "wrong"), {}, 401, "invalid_client"),
        (("nobody", "x"), {}, 401, "invalid_client"),
        (("external", ""), {}, 401, "invalid_client"),
        (None, {}, 401, "invalid_client"),
        (("shop", "{}"), {"client_id": "shop", "client_secret": "{}"}, 401, "invalid_client"),
        (("shop", "{}"), {"grant_type": "password"}, 400, "unsupported_grant_type"),
        (("shop", "{}"), {"scope": "records:read everything"}, 400, "invalid_scope"),
    ],
)
async def test_there_is_no_token_for_anything_else(
    portal: PortalOfFew,
    basic: tuple[str, str] | None,
    form: dict[str, str],
    status: int,
    error: str,
) -> None:
    partners = portal.process.api.partners
    secret = await partners.add("shop", tuple(Scope), ["C-ANA"]) or ""
    await partners.add("external", tuple(Scope), ["C-ANA"], with_secret=False)
    told = {name: value.replace("{}", secret) for name, value in form.items()}
    given = None if basic is None else (basic[0], basic[1].replace("{}", secret))

    refused = await ask_for_token(portal, given, **told)

    assert (refused.status, refused.json["error"]) == (status, error)


@pytest.mark.parametrize("given", ["Basic é", "Basic ====", "Basic /w==", "Basic", "Bearer YTpi"])
async def test_a_header_that_names_nobody_is_nobodys(portal: PortalOfFew, given: str) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": given}

    refused = await Browser(portal).ask("POST", "/api/v1/token", b"", headers)

    assert (refused.status, refused.json["error"]) == (401, "invalid_client")


async def test_an_event_with_two_kinds_of_data_is_neither(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    other = base64.b64encode(body(text="Otra cosa")).decode()
    event = {"specversion": "1.0", "id": "s-1", "source": SOURCE, "type": "submission.inquiry.v1"}
    both = json.dumps(event | {"data": INQUIRY, "data_base64": other}).encode()

    refused = await acme.ask("POST", "/submissions", both, **{"content-type": STRUCTURED})

    assert (refused.status, faults(refused)) == (422, {"data": "ambiguous"})
    assert portal.published.events == []


async def test_those_who_wait_for_a_silent_issuer_wait_for_one_try() -> None:
    tries: list[str] = []

    async def silent(request: httpx2.Request) -> httpx2.Response:
        tries.append(str(request.url))
        await asyncio.sleep(0)
        raise httpx2.ReadTimeout("silent")

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(silent))
    settings = Settings(
        api_issuer="https://issuer.test",
        api_audience="desk",
        api_jwks_url="https://issuer.test/keys",
    )
    tokens = AnotherIssuer(settings, lambda: NOW, client)

    answers = await asyncio.gather(
        *(tokens.read("a.b.c") for _ in range(5)), return_exceptions=True
    )

    assert [type(it) for it in answers] == [Outage] * 5
    assert tries == ["https://issuer.test/keys"]
    await tokens.close()


class Issuer:
    """Another provider's keys, as it publishes them."""

    def __init__(self) -> None:
        self.keys = [OKPKey.generate_key("Ed25519", {"kid": "first"})]
        self.asked = 0
        self.tokens = AnotherIssuer(
            Settings(
                api_issuer="https://issuer.test",
                api_audience="desk",
                api_jwks_url="https://issuer.test/keys",
            ),
            lambda: NOW,
            httpx2.AsyncClient(transport=httpx2.MockTransport(self._published)),
        )

    def _published(self, _request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        return httpx2.Response(200, json={"keys": [it.as_dict(private=False) for it in self.keys]})

    def token(self, key: OKPKey, **changes: Any) -> str:
        until = int((NOW + timedelta(minutes=5)).timestamp())
        claims = {"iss": "https://issuer.test", "aud": "desk", "exp": until, "azp": "acme"}
        header = {"alg": "Ed25519", "kid": key.kid}
        return jwt.encode(header, claims | changes, key, algorithms=["Ed25519"])


async def test_tokens_of_another_issuer_are_read_with_the_keys_that_it_publishes() -> None:
    issuer = Issuer()
    token = issuer.token(issuer.keys[0], scope="records:read other:scope")

    claims = [await issuer.tokens.read(token) for _ in range(3)]

    assert {it.partner for it in claims} == {"acme"}
    assert claims[0].scopes == {"records:read", "other:scope"}
    assert issuer.asked == 1, "keys are fetched once"
    for changes in ({"aud": "else"}, {"iss": "https://evil.test"}, {"azp": 7}, {"scope": ["x"]}):
        with pytest.raises(InvalidToken):
            await issuer.tokens.read(issuer.token(issuer.keys[0], **changes))
    assert issuer.asked == 1, "a token that is not good does not make the portal ask"
    await issuer.tokens.close()


async def test_a_new_key_of_the_issuer_is_fetched_and_an_unknown_one_asked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issuer, now = Issuer(), [1_000.0]
    monkeypatch.setattr(tokens, "time", SimpleNamespace(monotonic=lambda: now[0]))
    await issuer.tokens.read(issuer.token(issuer.keys[0]))
    issuer.keys.append(OKPKey.generate_key("Ed25519", {"kid": "second"}))
    stranger = OKPKey.generate_key("Ed25519", {"kid": "stranger"})

    now[0] += tokens.AGAIN_SECONDS + 1
    assert (await issuer.tokens.read(issuer.token(issuer.keys[1]))).partner == "acme"
    assert issuer.asked == 2
    for _ in range(3):
        with pytest.raises(InvalidToken):
            await issuer.tokens.read(issuer.token(stranger))
    assert issuer.asked == 2, "no more often than every ten seconds"

    withdrawn = issuer.token(issuer.keys.pop(0))
    now[0] += tokens.FRESH_SECONDS + 1
    with pytest.raises(InvalidToken):
        await issuer.tokens.read(withdrawn)
    await issuer.tokens.close()


async def test_where_another_provider_issues_tokens_the_portal_issues_none() -> None:
    other = {"api_issuer": "https://issuer.test", "api_audience": "desk"}
    with portal_of_few(api_jwks_url="https://issuer.test/keys", **other) as portal:
        assert isinstance(portal.process.api.tokens, AnotherIssuer)

        refused = await Browser(portal).post("/api/v1/token", {"grant_type": "client_credentials"})

    assert (refused.status, refused.json["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("settings", "lacking"),
    [
        ({"api_jwks_url": "https://issuer.test/keys"}, "API_ISSUER and API_AUDIENCE"),
        ({"contract_archive_url": "http://127.0.0.1:1"}, "PORTAL_CREDENTIAL"),
    ],
)
def test_settings_that_need_others_say_which(settings: dict[str, str], lacking: str) -> None:
    with pytest.raises(ValueError, match=lacking):
        Settings(portal_credential=None, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("sent", [b"grant_type=a&grant_type=b", b"grant_type=%ff"])
async def test_a_form_that_can_be_read_in_two_ways_is_not_read(
    portal: PortalOfFew, sent: bytes
) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}

    refused = await Browser(portal).ask("POST", "/api/v1/token", sent, kind)

    assert (refused.status, refused.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("whole", "named"),
    [
        (b"{", "data"),
        (b"[]", "data"),
        (json.dumps({"data_base64": "not base64"}).encode(), "data_base64"),
        (json.dumps({"data_base64": 7}).encode(), "data_base64"),
    ],
)
async def test_a_structured_event_that_cannot_be_unwrapped_says_where(
    portal: PortalOfFew, whole: bytes, named: str
) -> None:
    acme = await portal.partner()

    refused = await acme.ask("POST", "/submissions", whole, **{"content-type": STRUCTURED})

    assert refused.status == 422
    assert named in faults(refused)
    assert portal.published.events == []


@pytest.mark.parametrize(
    ("failure", "status"), [(Outage("mongodb", "down"), 503), (RuntimeError("a secret"), 500)]
)
async def test_what_fails_inside_is_a_problem_that_tells_nothing_of_the_inside(
    portal: PortalOfFew, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int
) -> None:
    acme = await portal.partner()

    async def fails(*_asked: object) -> None:
        raise failure

    monkeypatch.setattr(type(portal.process.api.partners), "known", fails)
    app = httpx2.ASGITransport(api_app(portal.process.api), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=app) as client:
        bearer = {"authorization": f"Bearer {acme.token}"}
        answer = await client.get("http://portal.test/api/v1/submissions/x", headers=bearer)

    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert not any(it in answer.text for it in ("secret", "down", "mongodb"))


async def test_requests_are_counted_for_each_partner() -> None:
    with portal_of_few(api_requests_a_minute=2) as portal:
        acme, other = await portal.partner(), await portal.partner("other")
        for _ in range(2):
            assert (await acme.get("/submissions/x")).status == 404

        refused = await acme.get("/submissions/x")

        assert refused.status == 429
        assert int(refused.header("retry-after")) > 0
        assert (await other.get("/submissions/x")).status == 404


async def test_what_is_not_there_is_a_problem_too(portal: PortalOfFew) -> None:
    acme = await portal.partner()

    for answer, status in (
        (await acme.get("/nothing"), 404),
        (await acme.ask("DELETE", "/submissions", b""), 405),
    ):
        assert answer.status == status
        assert answer.json["status"] == status
        assert answer.header("content-type") == "application/problem+json"


# OpenAPI


async def test_the_description_names_every_route_and_no_other(portal: PortalOfFew) -> None:
    told = (await Browser(portal).get("/api/v1/openapi.json")).json
    named = {
        (method.upper(), f"/api/v1{path}")
        for path, operations in told["paths"].items()
        for method in operations
    }
    routes = {
        (method, route.path_format)  # type: ignore[attr-defined]
        for route in api_app(portal.process.api).routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    assert named == routes
    assert told["servers"] == [{"url": "http://localhost:8080/api/v1"}]
    assert told == openapi.document("http://localhost:8080/api/v1", ENDPOINTS)


@pytest.mark.parametrize("path", ["/token", "/submissions", "/webhooks"])
async def test_a_body_that_does_not_end_is_not_waited_for(
    portal: PortalOfFew, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(middleware, "BODY_WITHIN_SECONDS", 0.05)
    acme = await portal.partner()
    acme.browser.stalls = True
    kind = "application/json" if path != "/token" else "application/x-www-form-urlencoded"

    answer = await acme.ask("POST", path, b"{", content_type=kind)

    assert answer.status == 408
    assert answer.header("content-type") == "application/problem+json"
    assert answer.header("connection") == "close"


TWICE: dict[str, tuple[str, dict[str, str]]] = {
    "an attribute": ('"id": "s-2"', {"ce_id": "ambiguous"}),
    "the customer": ('"data": {"customer_id": "C-ANA"}', {"data": "ambiguous"}),
    "another name": ('"extension": 1, "extension": 2', {"extension": "ambiguous"}),
    "the same value": ('"type": "submission.inquiry.v1"', {"ce_type": "ambiguous"}),
}


@pytest.mark.parametrize("name", TWICE)
async def test_an_event_that_says_something_twice_is_refused(
    portal: PortalOfFew, name: str
) -> None:
    acme = await portal.partner()
    more, expected = TWICE[name]
    event = {"specversion": "1.0", "id": "s-1", "source": SOURCE, "type": "submission.inquiry.v1"}
    whole = f"{json.dumps(event | {'data': INQUIRY})[:-1]}, {more}}}".encode()

    refused = await acme.ask("POST", "/submissions", whole, **{"content-type": STRUCTURED})

    assert refused.status == 422
    assert faults(refused) == expected
    assert portal.published.events == []


@pytest.mark.parametrize("way", ["binary", "data", "data_base64"])
async def test_data_that_say_something_twice_are_refused(portal: PortalOfFew, way: str) -> None:
    acme = await portal.partner()
    data = body()[:-1] + b', "contact": {"name": "Eva", "name": "Ana"}, "text": "Otra cosa"}'
    event = {"specversion": "1.0", "id": "s-1", "source": SOURCE, "type": "submission.inquiry.v1"}
    head = json.dumps(event)[:-1].encode()
    structured = {
        "binary": data,
        "data": head + b', "data": ' + data + b"}",
        "data_base64": head + b', "data_base64": "' + base64.b64encode(data) + b'"}',
    }
    headers = ce() if way == "binary" else {"content-type": STRUCTURED}

    refused = await acme.ask("POST", "/submissions", structured[way], **headers)

    assert refused.status == 422
    assert faults(refused) == {"contact.name": "ambiguous", "text": "ambiguous"}


async def test_a_webhook_with_two_addresses_is_refused(portal: PortalOfFew) -> None:
    acme = await portal.partner()
    two = b'{"url": "https://a.example/", "url": "https://b.example/"}'

    refused = await acme.ask("POST", "/webhooks", two, content_type="application/json")

    assert (refused.status, faults(refused)) == (422, {"url": "ambiguous"})


@pytest.mark.parametrize(
    ("below", "own"),
    [
        ("", True),
        ("/shop", True),
        ("/shop/1.2", True),
        ("/caf%C3%A9", True),
        ("/...", True),
        ("/..", False),
        ("/.", False),
        ("/", False),
        ("//web", False),
        ("/shop/../../web", False),
        ("/%2e%2e/web", False),
        ("/%252e%252e/web", False),
        ("/..%2fweb", False),
        ("/..%5cweb", False),
        ("/..\\web", False),
        ("2", False),
    ],
)
def test_a_partners_source_leads_nowhere_else(below: str, *, own: bool) -> None:
    acme = Partner("acme", frozenset(), frozenset())

    assert acme.writes_as(f"{SOURCE}{below}") is own
