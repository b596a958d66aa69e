"""`desk staff` manages the console's accounts and explains each refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from services.operations_console import staff_command
from services.operations_console.settings import Settings
from tests.builders.few_documents import FewDocuments

MARTA = {"act": "add", "name": "marta", "email": "marta@desk.example", "roles": ["agent"]}


@pytest.fixture(autouse=True)
def database() -> Iterator[FewDocuments]:
    own = FewDocuments()
    with patch.object(staff_command, "Database", lambda *_a, **_k: own):
        yield own


async def answered(**asked: Any) -> Any:
    return await staff_command.answer(Settings(), json.dumps(asked))


async def test_an_account_is_made_listed_given_other_roles_and_removed() -> None:
    assert await answered(**MARTA) == {}
    assert await answered(act="roles", name="marta", roles=["reader", "operator"]) == {}

    [listed] = await answered(act="list")
    assert listed == MARTA_AS_OPERATOR
    assert await answered(act="remove", name="marta") == {}
    assert await answered(act="list") == []


MARTA_AS_OPERATOR = {
    "name": "marta",
    "email": "marta@desk.example",
    "roles": ["operator", "reader"],
}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (MARTA, "there is an account of marta already"),
        (MARTA | {"name": "m"}, "there is an account of marta@desk.example already"),
        (MARTA | {"name": "Luis Pérez"}, "the name has"),
        (MARTA | {"name": "luis", "email": "x"}, "no mail can be sent"),
        (MARTA | {"name": "luis", "roles": ["admin", "agent"]}, "admin: a role is one of reader"),
        (MARTA | {"name": "luis", "roles": []}, "one role or more"),
        ({"act": "roles", "name": "marta", "roles": []}, "one role or more"),
        ({"act": "roles", "name": "luis", "roles": ["agent"]}, "there is no account luis"),
        ({"act": "remove", "name": "luis"}, "there is no account luis"),
    ],
)
async def test_what_cannot_be_done_is_answered_with_why_and_changes_nothing(
    asked: dict[str, Any], words: str
) -> None:
    await answered(**MARTA)

    refused = await answered(**asked)

    assert words in refused["error"]
    assert [it["roles"] for it in await answered(act="list")] == [["agent"]]


async def test_what_is_no_act_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(ValueError, match="act"):
        await answered(act="forget", name="marta")
