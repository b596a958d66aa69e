"""The demo's verdict: what is right passes, and whatever is wrong is said and fails it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from desk.demo.verdict import Observed, judge
from shared.events.topics import TOPICS
from tests.builders.demo import again, cases, perfect, with_another, with_facts, without

Spoil = Callable[[Observed], Observed]


def test_a_desk_that_does_what_the_domain_page_says_passes() -> None:
    verdict = judge(cases(), perfect(cases()))

    assert verdict.faults == ()
    assert verdict.wrong == ()
    assert verdict.exit_code == 0


def test_the_scenario_reaches_every_outcome_of_the_event_contract() -> None:
    verdict = judge(cases(), perfect(cases()))

    assert verdict.outcomes == len(TOPICS["desk.cancellations"].events)


def test_a_wrong_outcome_makes_its_row_wrong_and_the_exit_code_1() -> None:
    evidence = with_facts(perfect(cases()), "not_required", ce_type="cancellation.refused.v1")

    verdict = judge(cases(), evidence)

    assert verdict.exit_code == 1
    assert [row.row.title for row in verdict.wrong] == [
        "Passport Advantage; its renewal invoice is open"
    ]
    assert verdict.wrong[0].faults == (
        "refused: ce_type: expected cancellation.not_required.v1, came cancellation.refused.v1",
    )


def test_an_event_that_comes_twice_under_its_id_is_no_fault() -> None:
    assert judge(cases(), again(perfect(cases()), "scheduled")).exit_code == 0


WRONG_ROWS: list[tuple[str, Spoil, str]] = [
    (
        "a wrong date",
        lambda e: with_facts(e, "lapsed", last_billable_on="2026-01-01"),
        "lapsed: last_billable_on: expected 2026-03-16, came 2026-01-01",
    ),
    (
        "an inquiry named where there is none",
        lambda e: with_facts(e, "lapsed", inquiry_id="someone"),
        "lapsed: inquiry_id: expected nothing, came someone",
    ),
    (
        "a missing event",
        lambda e: without(e, "expired"),
        "it did not come",
    ),
    (
        "a decision too many",
        lambda e: with_another(e, "expired", sequence=3),
        "cancellation.expired.v1 on desk.cancellations",
    ),
    (
        "a faulty field that is not named",
        lambda e: with_facts(e, "rejected", errors=[]),
        "errors: expected field phone + field country + field the consents, came none",
    ),
    (
        "a stranger who can tell an existing contract from none",
        lambda e: with_facts(e, "copy_denied", cause="not_yours"),
        "copy_denied: cause differs from another answer that must be alike",
    ),
    (
        "another document than the event says",
        lambda e: replace(e, downloads=dict.fromkeys(e.downloads, b"%PDF-other")),
        "the downloaded copy has another SHA-256",
    ),
    (
        "a copy that cannot be downloaded",
        lambda e: replace(e, downloads={}),
        "the copy could not be downloaded",
    ),
    (
        "a lost mail",
        lambda e: replace(e, mails=e.mails[1:]),
        "expected 3, came 2",
    ),
    (
        "a mail without the words that matter",
        lambda e: replace(e, mails=[replace(mail, text="") for mail in e.mails]),
        "no mail to titular@example.test says",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(spoil, said) for _, spoil, said in WRONG_ROWS],
    ids=[name for name, _, _ in WRONG_ROWS],
)
def test_a_row_says_what_was_expected_and_what_came(spoil: Spoil, said: str) -> None:
    verdict = judge(cases(), spoil(perfect(cases())))

    assert said in "\n".join(fault for row in verdict.wrong for fault in row.faults)
    assert verdict.exit_code == 1


WRONG_OVERALL: list[tuple[str, Spoil, str]] = [
    (
        "a gap in a contract's decisions",
        lambda e: without(e, "evidence_awaited"),
        "came with the sequence [2]",
    ),
    (
        "an id given twice",
        lambda e: with_another(e, "opened", id_="event-2", inquiry_id="i-2", reference="INQ-2"),
        "two events have the id event-2",
    ),
    (
        "a repeat that says something else",
        lambda e: with_another(e, "lapsed", id_=_id_of(e, "lapsed"), rule="otra"),
        "came again and said something else",
    ),
    (
        "a reference given twice",
        lambda e: with_another(e, "opened", key="i-2", inquiry_id="i-2"),
        "two inquiries have the reference",
    ),
    (
        "a wrong record key",
        lambda e: with_facts(e, "activated", key="elsewhere"),
        "has the key elsewhere, not SP-",
    ),
    (
        "a cause that nobody has seen",
        lambda e: with_facts(e, "activated", ce_causationid="nowhere"),
        "names a cause that nobody has seen: nowhere",
    ),
    (
        "a mail too many",
        lambda e: replace(e, mails=[*e.mails, replace(e.mails[0], to="x@example.test")]),
        "1 mails to x@example.test",
    ),
    (
        "a Message-ID given twice",
        lambda e: replace(e, mails=[*e.mails, e.mails[0]]),
        "two mails have the Message-ID",
    ),
    (
        "an outcome that no request led to",
        lambda e: without(e, "expired"),
        "no request led to cancellation.expired.v1",
    ),
]


def _id_of(evidence: Observed, word: str) -> str:
    return next(record.id for record in evidence.seen if record.word == word)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(spoil, said) for _, spoil, said in WRONG_OVERALL],
    ids=[name for name, _, _ in WRONG_OVERALL],
)
def test_what_breaks_a_rule_for_all_events_is_said(spoil: Spoil, said: str) -> None:
    verdict = judge(cases(), spoil(perfect(cases())))

    assert said in "\n".join(verdict.faults)
    assert verdict.exit_code == 1
