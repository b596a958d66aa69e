"""Every word that the code can emit is in the contract, with its meaning."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.ops.contract_docs.closed_sets import FAULTS, HAPPENED, OPEN_SETS, POLICIES, RULES
from desk.ops.contract_docs.schemas import event_schemas
from services.cancellation.policies.outcome import PolicyName
from services.inquiry_intake.error_codes import ErrorCode
from services.inquiry_intake.evolving import FOLLOW_UP_RECEIVED
from services.inquiry_intake.inquiry import Progress
from services.inquiry_intake.progressing import _WORD_OF

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/events.md").read_text("utf-8")
KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")


def nodes(folder: str) -> Iterator[ast.AST]:
    for module in sorted((ROOT / folder).rglob("*.py")):
        yield from ast.walk(ast.parse(module.read_text("utf-8")))


def constants(folder: str) -> set[str]:
    return {
        node.value
        for node in nodes(folder)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def given_as(folder: str, keyword: str) -> set[str]:
    """The literal values of a keyword argument in all calls of a service."""
    return {
        argument.value.value
        for node in nodes(folder)
        if isinstance(node, ast.Call)
        for argument in node.keywords
        if argument.arg == keyword
        and isinstance(argument.value, ast.Constant)
        and isinstance(argument.value.value, str)
    }


def answers() -> set[str]:
    """The words of the archive's answers: what `_contract_note` and its neighbours return."""
    return {
        node.value.elts[0].value
        for node in nodes("services/inquiry_intake")
        if isinstance(node, ast.Return)
        and isinstance(node.value, ast.Tuple)
        and node.value.elts
        and isinstance(node.value.elts[0], ast.Constant)
        and isinstance(node.value.elts[0].value, str)
    }


def test_every_rule_that_a_policy_can_cite_has_a_meaning() -> None:
    rules = {it for it in constants("services/cancellation") if KEBAB.fullmatch(it)}

    assert rules > {"requested-end-date", "agent-approved"}
    assert rules - POLICIES.keys() - RULES.keys() == set()


def test_every_policy_has_a_meaning() -> None:
    assert set(POLICIES) == set(PolicyName)


def test_every_error_code_has_a_meaning() -> None:
    assert {str(code) for code in ErrorCode} - FAULTS.keys() == set()


def test_every_word_for_what_happened_to_an_inquiry_has_a_meaning() -> None:
    words = {*_WORD_OF.values(), FOLLOW_UP_RECEIVED, *answers()}
    words |= given_as("services/inquiry_intake", "status")

    assert words > {"scheduled", "routed", "copy_ready"}
    assert words - HAPPENED.keys() == set()
    assert {it.value for it in Progress} - {Progress.PENDING} <= HAPPENED.keys()


@pytest.mark.parametrize(
    ("word", "meaning"), [it for words in OPEN_SETS.values() for it in words.items()]
)
def test_the_page_explains_every_word(word: str, meaning: str) -> None:
    assert f"| `{word}` | {meaning} |" in PAGE


def test_the_schemas_give_the_words_as_examples() -> None:
    schemas = event_schemas()
    status = schemas["inquiry.progressed.v1"]["properties"]["status"]
    rule = schemas["cancellation.scheduled.v1"]["properties"]["rule"]

    assert status["examples"] == list(HAPPENED)
    assert rule["examples"] == list(RULES)
