"""`desk partner`'s end in the portal: registers partners and says what stands against it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from services.customer_portal.api import command
from services.customer_portal.api.partners import Scope
from services.customer_portal.settings import Settings
from tests.builders.few_documents import FewDocuments

EVERY_SCOPE = sorted(Scope)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> FewDocuments:
    few = FewDocuments()
    monkeypatch.setattr(command, "Database", lambda *_a, **_k: few)
    monkeypatch.setattr(command, "connect", lambda _url: SimpleNamespace(close=lambda: None))
    return few


async def told(act: str, **more: Any) -> Any:
    return await command.answer(Settings(), json.dumps({"act": act, **more}))


async def test_a_partner_is_registered_with_a_secret_that_is_shown_once(
    database: FewDocuments,
) -> None:
    added = await told("add", name="acme", customers=["C-ANA", "C-ANA"])

    assert added["client_id"] == "acme"
    assert len(added["client_secret"]) > 32
    assert added["client_secret"] not in str(database.collection("partners").documents)
    assert await told("list") == [
        {
            "id": "acme",
            "scopes": tuple(EVERY_SCOPE),
            "customers": ("C-ANA",),
            "has_secret": True,
            "revoked": False,
        }
    ]


async def test_a_grant_names_all_customers_from_now_on_and_a_revoked_partner_stays_in_the_list(
    database: FewDocuments,
) -> None:
    await told("add", name="acme", customers=["C-ANA"], scopes=["records:read"])

    assert await told("grant", name="acme", customers=["C-BEA"]) == {}
    assert await told("revoke", name="acme") == {}

    [listed] = await told("list")
    assert (listed["customers"], listed["scopes"]) == (("C-BEA",), ("records:read",))
    assert listed["revoked"] is True


async def test_a_partner_of_another_issuer_has_no_secret(database: FewDocuments) -> None:
    added = await told("add", name="acme", external=True)

    assert added == {"client_id": "acme", "client_secret": None}
    [listed] = await told("list")
    assert listed["has_secret"] is False


@pytest.mark.parametrize(
    ("act", "error"),
    [
        ({"act": "add", "name": "taken"}, "there is a partner taken already, or there was one"),
        ({"act": "add", "name": "Not A Name"}, "'Not A Name' is no name for a partner"),
        ({"act": "grant", "name": "nobody", "customers": []}, "there is no partner nobody"),
        ({"act": "revoke", "name": "nobody"}, "there is no partner nobody"),
    ],
)
async def test_what_stands_against_an_act_is_said_and_nothing_changes(
    database: FewDocuments, act: dict[str, Any], error: str
) -> None:
    await told("add", name="taken", customers=["C-ANA"])
    before = await told("list")

    answer = await told(**act)

    assert answer["error"].startswith(error)
    assert await told("list") == before


async def test_what_is_no_act_is_refused(database: FewDocuments) -> None:
    with pytest.raises(ValueError, match="act"):
        await told("promote", name="acme")
