"""Passkeys: who has the key signs in, and every answer that is not quite right is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from shared.mongo.client import Database
from shared.web.passkeys import (
    MOST_ANSWER_CHARACTERS,
    MOST_OF_ONE,
    VALID,
    NotVerified,
    Passkeys,
    RelyingParty,
    TooManyPasskeys,
)
from shared.web.sessions import SignIn
from tests.builders.few_documents import FewDocuments
from tests.builders.passkeys import ORIGIN, PRESENT, VERIFIED, SoftAuthenticator, b64
from tests.fakes.documents_suite import Clock

ANA, BEA = "C-ANA", "C-BEA"
HERE, THERE = "a session", "another session"
PARTY = RelyingParty("Empresa", ORIGIN)


@pytest.fixture
def documents() -> FewDocuments:
    return FewDocuments()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def passkeys(documents: FewDocuments, clock: Clock) -> Passkeys:
    return Passkeys(cast(Database, documents), PARTY, clock)


async def added(passkeys: Passkeys, owner: str = ANA, name: str = "Portátil") -> SoftAuthenticator:
    device = SoftAuthenticator()
    options = await passkeys.registration_options(HERE, owner, "ana@example.test")
    await passkeys.register(HERE, owner, device.create(options), name)
    return device


async def test_who_has_the_key_signs_in_without_a_name(passkeys: Passkeys, clock: Clock) -> None:
    device = await added(passkeys)
    clock.pass_by(timedelta(days=1))
    options = await passkeys.sign_in_options(THERE)

    found = await passkeys.verify(THERE, device.get(options))

    assert found.owner == ANA
    assert json.loads(options)["allowCredentials"] == []
    assert json.loads(options)["userVerification"] == "required"
    [kept] = await passkeys.of(ANA)
    assert (kept.name, kept.last_used_at) == ("Portátil", clock.now)


async def test_registration_asks_for_a_discoverable_verified_key_that_is_not_there_yet(
    passkeys: Passkeys,
) -> None:
    device = await added(passkeys)

    options = json.loads(await passkeys.registration_options(HERE, ANA, "ana@example.test"))

    assert options["rp"] == {"name": "Empresa", "id": "localhost"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert [it["id"] for it in options["excludeCredentials"]] == [b64(device.credential)]
    assert options["user"]["id"] == b64(device.handle), "one handle for all of one's passkeys"
    assert ANA not in json.dumps(options), "the handle does not tell the customer"


Change = Callable[[SoftAuthenticator], dict[str, str] | None]


def change(**fields: Any) -> Change:
    def changed(device: SoftAuthenticator) -> None:
        for name, value in fields.items():
            setattr(device, name, value)

    return changed


WRONG: dict[str, Change] = {
    "another origin": change(origin="http://evil.example"),
    "another port": change(origin="http://localhost:9999"),
    "another relying party": change(party="evil.example"),
    "not verified": change(flags=PRESENT),
    "not present": change(flags=VERIFIED),
    "another challenge": lambda _: {"challenge": b64(b"x" * 64)},
    "another act": lambda _: {"type": "webauthn.other"},
}
WRONG_AT_SIGN_IN: dict[str, Change] = WRONG | {
    "another key": lambda it: change(key=SoftAuthenticator().key)(it),
    "an unknown credential": change(credential=b"unknown"),
    "another handle": change(handle=b"x" * 32),
    "no handle": change(handle=b""),
    "a count that does not rise": change(count=5),
    "a count that falls": change(count=4),
    "a count that is gone": change(count=0),
    "the answer of a registration": lambda _: {"type": "webauthn.create"},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_no_passkey_is_added_by_a_wrong_answer(passkeys: Passkeys, wrong: str) -> None:
    device = SoftAuthenticator()
    options = await passkeys.registration_options(HERE, ANA, "ana@example.test")
    said = WRONG[wrong](device) or {}

    with pytest.raises(NotVerified):
        await passkeys.register(HERE, ANA, device.create(options, **said), "")

    assert await passkeys.of(ANA) == []


@pytest.mark.parametrize("wrong", WRONG_AT_SIGN_IN)
async def test_nobody_signs_in_by_a_wrong_answer(passkeys: Passkeys, wrong: str) -> None:
    device = await added(passkeys)
    device.count = 5
    await passkeys.verify(HERE, device.get(await passkeys.sign_in_options(HERE)))
    device.count = 6
    options = await passkeys.sign_in_options(HERE)
    said = WRONG_AT_SIGN_IN[wrong](device) or {}

    with pytest.raises(NotVerified):
        await passkeys.verify(HERE, device.get(options, **said))


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "[]",
        "{}",
        "not json",
        "[" * 10_000,
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
        json.dumps(
            {
                "id": "AA",
                "rawId": "AA",
                "type": "public-key",
                "response": {
                    "clientDataJSON": b64(b'{"type": 1, "challenge": 2, "origin": 3}'),
                    "authenticatorData": "ñ",
                    "attestationObject": b64(b"\xff" * 40),
                    "signature": "",
                },
            }
        ),
        "x" * (MOST_ANSWER_CHARACTERS + 1),
    ],
)
async def test_what_no_browser_would_answer_is_refused(passkeys: Passkeys, answer: str) -> None:
    await added(passkeys)

    with pytest.raises(NotVerified):
        await passkeys.verify(HERE, answer)
    with pytest.raises(NotVerified):
        await passkeys.register(HERE, ANA, answer, "")


async def test_a_challenge_counts_once_in_its_session_for_five_minutes(
    passkeys: Passkeys, clock: Clock
) -> None:
    device = await added(passkeys)
    for session, after in ((THERE, timedelta()), (HERE, VALID)):
        answer = device.get(await passkeys.sign_in_options(HERE))
        clock.pass_by(after)
        with pytest.raises(NotVerified):
            await passkeys.verify(session, answer)
    answer = device.get(await passkeys.sign_in_options(HERE))
    assert (await passkeys.verify(HERE, answer)).owner == ANA
    with pytest.raises(NotVerified):
        await passkeys.verify(HERE, answer)


async def test_a_challenge_to_register_is_for_its_customer_and_for_nothing_else(
    passkeys: Passkeys,
) -> None:
    device = SoftAuthenticator()
    answer = device.create(await passkeys.registration_options(HERE, ANA, "ana@example.test"))
    with pytest.raises(NotVerified):
        await passkeys.register(HERE, BEA, answer, "")
    await passkeys.register(HERE, ANA, answer, "")
    options = await passkeys.registration_options(HERE, ANA, "ana@example.test")
    with pytest.raises(NotVerified):  # a challenge to register signs nobody in
        await passkeys.verify(HERE, device.get(options))


async def test_a_credential_that_is_somebodys_does_not_become_another_ones(
    passkeys: Passkeys,
) -> None:
    device = await added(passkeys)
    options = await passkeys.registration_options(HERE, BEA, "bea@example.test")

    with pytest.raises(NotVerified):
        await passkeys.register(HERE, BEA, device.create(options), "")

    assert await passkeys.of(BEA) == []


async def test_a_removed_passkey_signs_nobody_in_and_nobody_removes_anothers(
    passkeys: Passkeys,
) -> None:
    device = await added(passkeys)
    [kept] = await passkeys.of(ANA)
    assert await passkeys.find(BEA, kept.id) is None
    assert not await passkeys.remove(BEA, kept.id)
    assert await passkeys.find(ANA, kept.id) == kept

    assert await passkeys.remove(ANA, kept.id)

    with pytest.raises(NotVerified):
        await passkeys.verify(HERE, device.get(await passkeys.sign_in_options(HERE)))


async def test_one_has_ten_passkeys_at_most(passkeys: Passkeys) -> None:
    device = SoftAuthenticator()
    early = device.create(await passkeys.registration_options(HERE, ANA, "ana@example.test"))
    for _ in range(MOST_OF_ONE):
        await added(passkeys)

    with pytest.raises(TooManyPasskeys):
        await added(passkeys)
    with pytest.raises(TooManyPasskeys):
        await passkeys.register(HERE, ANA, early, "")

    await passkeys.remove_all(ANA)
    assert await passkeys.of(ANA) == []


async def test_of_keys_that_are_added_at_once_none_is_beyond_ten_and_none_is_hidden(
    passkeys: Passkeys, documents: FewDocuments
) -> None:
    for _ in range(MOST_OF_ONE - 1):
        await added(passkeys)
    made = []
    for _ in range(3):
        options = await passkeys.registration_options(HERE, ANA, "ana@example.test")
        made.append(passkeys.register(HERE, ANA, SoftAuthenticator().create(options), "Otra"))

    await asyncio.gather(*made, return_exceptions=True)

    kept = documents.collection("passkeys").documents
    assert len(kept) <= MOST_OF_ONE
    assert {it.id for it in await passkeys.of(ANA)} == kept.keys()


@pytest.mark.parametrize(
    ("added_under", "level"),
    [
        ("low", "low"),
        ("substantial", "substantial"),
        ("high", "substantial"),
        ("http://eidas.europa.eu/LoA/high", "substantial"),
        ("unstated", "low"),
        ("not substantial", "low"),
        ("", "low"),
    ],
)
async def test_a_passkey_proves_no_more_than_the_sign_in_under_which_it_was_added(
    passkeys: Passkeys, added_under: str, level: str
) -> None:
    device = SoftAuthenticator()
    options = await passkeys.registration_options(HERE, ANA, "ana@example.test")
    await passkeys.register(HERE, ANA, device.create(options), "", added_under)

    found = await passkeys.verify(HERE, device.get(await passkeys.sign_in_options(HERE)))

    assert found.by == SignIn("passkey", level)


async def test_a_passkey_of_the_release_before_proves_the_mailbox_alone(
    passkeys: Passkeys, documents: FewDocuments
) -> None:
    device = await added(passkeys)
    [kept] = documents.collection("passkeys").documents.values()
    del kept["level"]

    found = await passkeys.verify(HERE, device.get(await passkeys.sign_in_options(HERE)))

    assert found.by == SignIn("passkey", "low")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("  mi \n portátil ", "mi portátil"), ("a\x00\u202eb", "ab"), ("x" * 99, "x" * 60), ("", "")],
)
async def test_a_name_is_one_short_printable_line(
    passkeys: Passkeys, given: str, kept: str
) -> None:
    await added(passkeys, name=given)

    assert [it.name for it in await passkeys.of(ANA)] == [kept]


@pytest.mark.parametrize(
    ("origin", "possible"),
    [
        ("https://portal.example", True),
        ("http://localhost:8080", True),
        ("http://portal.example", False),
        ("http://127.0.0.1:8080", False),
        ("https://192.0.2.1", False),
        ("https://[2001:db8::1]", False),
    ],
)
def test_passkeys_are_offered_where_browsers_know_them(origin: str, possible: bool) -> None:
    assert RelyingParty("Empresa", origin).is_possible is possible
