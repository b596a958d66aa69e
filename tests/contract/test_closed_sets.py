"""The contract has every word that the code can emit, with its meaning, and no other word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from desk.contract_docs.closed_sets import (
    CONTRACTS_OF_AN_INQUIRY,
    HAPPENED,
    KINDS,
    MAIL_ERRORS,
    OPEN_REQUESTS,
    OPEN_SETS,
    POLICIES,
    QUEUES,
    RULES,
    meanings_of,
)
from desk.contract_docs.schemas import MEANINGS, event_schemas
from services.cancellation.file.state import OPEN
from services.cancellation.policies.outcome import PolicyName
from services.cancellation.service import FILE
from services.contract_archive.contract.state import CONTRACT
from services.contract_archive.customer.decide import CUSTOMER
from services.inquiry_intake.inquiry.evolve import FOLLOW_UP_RECEIVED
from services.inquiry_intake.inquiry.record_answer import _WORD_OF
from services.inquiry_intake.inquiry.routing import QUEUE_OF_KIND, QUEUE_OF_REQUEST_TYPE
from services.inquiry_intake.inquiry.state import INQUIRY, AnswerStatus, InquiryStanding
from services.notification.mail.state import KIND as NOTIFICATION
from services.notification.summary import decide as summary
from shared.events.choices import Channel, Word
from shared.events.error_codes import ErrorCode
from shared.events.notifications import RATE_LIMITED
from shared.events.states import InquiryStatus
from shared.events.topics import CATALOGUE, EVENT_TYPES, SERVICES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/events.md").read_text("utf-8")
KEBAB = re.compile(r"[a-z]+(-[a-z]+)+")


@cache
def nodes(folder: str) -> list[ast.AST]:
    modules = sorted((ROOT / folder).rglob("*.py"))
    return [it for module in modules for it in ast.walk(ast.parse(module.read_text("utf-8")))]


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


def used(*folders: str) -> set[str]:
    """`Class.MEMBER` wherever a value is made of it: in no comparison, and as no key of a table."""
    found: set[str] = set()
    for folder in folders:
        passive = {id(part) for node in nodes(folder) for part in _passive(node)}
        found |= {
            f"{node.value.id}.{node.attr}"
            for node in nodes(folder)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and id(node) not in passive
        }
    return found


def _passive(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Compare():
            return [node.left, *node.comparators]
        case ast.Dict():
            return [key for key in node.keys if key is not None]
        case ast.MatchValue():
            return [node.value]
    return []


def enums_in(*events: type[BaseModel]) -> set[type[Enum]]:
    """The closed sets in the fields of events and of the values in them."""
    return {
        it
        for event in events
        for field in event.model_fields.values()
        for it in enums_of(field.annotation)
    }


def enums_of(annotation: object) -> Iterator[type[Enum]]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        yield annotation
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from enums_in(annotation)
    for argument in get_args(annotation):
        yield from enums_of(argument)


def by_name(sets: set[type[Enum]]) -> list[type[Enum]]:
    return sorted(sets, key=lambda it: it.__name__)


FROM_OUTSIDE = enums_in(
    *(
        it
        for topic in CATALOGUE
        if set(SERVICES).isdisjoint(topic.written_by)
        for it in topic.events
    )
)
"""Closed sets in other systems' events, which the desk passes on: it takes each of their words."""
SAID_BY_THE_DESK = enums_in(
    *(
        it
        for topic in CATALOGUE
        if not set(SERVICES).isdisjoint(topic.written_by)
        for it in topic.events
    )
)


def test_the_rules_are_those_that_a_policy_can_cite() -> None:
    words = {it for it in constants("services/cancellation") if KEBAB.fullmatch(it)}

    assert words - POLICIES.keys() == RULES.keys()


def test_the_policies_are_those_that_decide() -> None:
    assert set(POLICIES) == set(PolicyName)
    assert {f"PolicyName.{it.name}" for it in PolicyName} <= used("services/cancellation")


def test_the_error_codes_are_those_that_answer_a_fault() -> None:
    codes = {f"ErrorCode.{it.name}" for it in ErrorCode}
    answered = {it.replace("FaultCode", "ErrorCode") for it in used("services", "shared")}

    assert codes - answered == set()


def test_the_words_for_what_happened_to_an_inquiry_are_those_that_intake_says() -> None:
    words = {*_WORD_OF.values(), FOLLOW_UP_RECEIVED, *answers()}
    words |= given_as("services/inquiry_intake", "status")
    words |= {"inventory_updated", "inventory_update_refused"} & constants(
        "services/inquiry_intake"
    )

    assert words == HAPPENED.keys()


@pytest.mark.parametrize("words", by_name(SAID_BY_THE_DESK - FROM_OUTSIDE))
def test_the_desk_can_say_every_word_of_a_closed_set(words: type[Enum]) -> None:
    said = used("services")
    if words is InquiryStatus:
        said = {it.replace("InquiryStanding", "InquiryStatus") for it in said}
        assert {it.value for it in words} < {it.value for it in InquiryStanding}

    assert {f"{words.__name__}.{it.name}" for it in words} - said == set()


@pytest.mark.parametrize("words", by_name(enums_in(*EVENT_TYPES.values())))
def test_every_word_of_a_closed_set_has_its_meaning(words: type[Enum]) -> None:
    assert issubclass(words, Word)
    assert all(word.meaning.endswith(".") for word in words)
    assert all(f"| `{word}` | {word.meaning} |" in PAGE for word in words)


def test_the_words_of_the_states_are_those_of_the_records() -> None:
    assert CONTRACTS_OF_AN_INQUIRY.keys() == {it.value for it in AnswerStatus}
    assert OPEN_REQUESTS.keys() == {it.value for it in OPEN}


def test_the_queues_are_those_where_an_inquiry_can_begin() -> None:
    assert QUEUES.keys() == {*QUEUE_OF_KIND.values(), *QUEUE_OF_REQUEST_TYPE.values()}


def test_the_kinds_are_those_of_the_services_records() -> None:
    assert KINDS.keys() == {FILE, CONTRACT, CUSTOMER, INQUIRY, NOTIFICATION, summary.KIND}


def test_the_errors_of_a_mail_are_those_of_its_sender() -> None:
    raised = {
        "smtp_NNN" if isinstance(error, ast.JoinedStr) else error.value
        for node in (*nodes("services/notification"), *nodes("shared/mail"))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("MailRefused", "Unaddressable")
        for error in node.args[:1]
        if isinstance(error, ast.Constant | ast.JoinedStr)
    }

    assert MAIL_ERRORS.keys() == raised | {RATE_LIMITED}


FREE_TEXT = {
    ("account.credit_note_issued.v1", "reason"),
    ("account.payment_reversed.v1", "reason"),
    ("agent.inquiry_routed.v1", "reason"),
    ("agent.referral_decided.v1", "reason"),
    ("cancellation.refused.v1", "reason"),
    ("inventory.update_decided.v1", "reason"),
    ("order.cancelled.v1", "reason"),
    ("registry.contract_terminated.v1", "reason"),
}
"""Fields that a person or another system fills with words of its own."""


def test_every_field_for_machines_says_which_words_it_may_hold() -> None:
    schemas = event_schemas()
    owners: dict[str, Any] = dict(schemas)
    for schema in schemas.values():
        owners |= schema.get("$defs", {})
    unexplained = {
        (owner, name)
        for owner, schema in owners.items()
        for name, part in schema.get("properties", {}).items()
        if name in ("code", "cause", "reason", "status", "rule", "kind", "policy")
        and part.get("type") == "string"
        and MEANINGS not in part
    }

    assert unexplained == FREE_TEXT


@pytest.mark.parametrize(
    ("word", "meaning"), [it for words in OPEN_SETS for it in words.words.items()]
)
def test_the_page_explains_every_word(word: str, meaning: str) -> None:
    assert f"| `{word}` | {meaning} |" in PAGE


def test_the_schemas_give_the_words_with_their_meanings() -> None:
    schemas = event_schemas()
    status = schemas["inquiry.progressed.v1"]["properties"]["status"]
    rule = schemas["cancellation.scheduled.v1"]["properties"]["rule"]
    channel = schemas["submission.inquiry.v1"]["$defs"]["Channel"]

    assert (status["examples"], status[MEANINGS]) == (list(HAPPENED), HAPPENED)
    assert (rule["examples"], rule[MEANINGS]) == (list(RULES), RULES)
    assert set(channel["enum"]) == channel[MEANINGS].keys()
    assert channel[MEANINGS] == meanings_of(Channel)
