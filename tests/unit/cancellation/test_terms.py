"""The policies' terms: dated versions, chosen by the day of receipt, set by the environment."""

import json

import pytest
from pydantic import ValidationError

from services.cancellation.file.decide import Rules
from services.cancellation.policies.terms import DEFAULT_TERMS, PolicyTerms
from services.cancellation.policies.wording import fecha, written
from services.cancellation.service import build
from services.cancellation.settings import Settings
from shared.events.values import Channel, SignatureKind
from tests.builders.cancellation import (
    MONTHLY,
    Desk,
    confirmed,
    contract,
    day,
    destroyed,
    requested,
    told,
)

OLD = PolicyTerms(version="old", holds_from=day("2020-01-01"))
NEW = PolicyTerms(
    version="new", holds_from=day("2027-03-01"), monthly_notice_days=60, evidence_days=10
)
RULES = Rules(terms=(OLD, NEW))
VERSION = {"version": "a", "holds_from": "2020-01-01"}


@pytest.mark.parametrize(
    ("received", "version", "effective"),
    [
        ("2019-12-31", "old", "2020-01-30"),  # before all versions: the oldest
        ("2027-02-28 23:59", "old", "2027-03-30"),
        ("2027-02-28T22:59Z", "old", "2027-03-30"),
        ("2027-02-28T23:00Z", "new", "2027-04-30"),  # 1 March in Madrid
        ("2027-03-01", "new", "2027-04-30"),
    ],
)
def test_the_version_in_force_on_the_day_of_receipt_decides(
    received: str, version: str, effective: str
) -> None:
    desk = Desk("2027-03-01", contract(MONTHLY, starts_on=day("2019-01-01")), rules=RULES)

    assert told(desk.hears(confirmed(received)), "policy_version", "effective_on") == [
        ("scheduled", version, day(effective))
    ]


def test_a_request_keeps_its_version() -> None:
    desk = Desk("2027-02-28", contract(MONTHLY), requested("2027-02-28"), rules=RULES)
    reminded = desk.until("2027-03-25")

    answers = desk.hears(destroyed("2027-03-25"))

    assert told(reminded + answers, "policy_version", "due_on", "effective_on") == [
        ("evidence_reminded", "old", day("2027-03-30"), None),
        ("scheduled", "old", None, day("2027-04-24")),
    ]


def test_a_second_request_is_answered_under_the_first_ones_version() -> None:
    desk = Desk("2027-02-28", contract(MONTHLY), confirmed("2027-02-28"), rules=RULES)

    assert told(desk.hears(confirmed("2027-03-01", "second")), "policy_version") == [
        ("already_scheduled", "old")
    ]


def test_a_version_in_use_must_stay_configured() -> None:
    with pytest.raises(LookupError, match="terms old are still in use"):
        Rules(terms=(NEW,)).version("old")


def test_the_default_is_what_the_help_page_says() -> None:
    (terms,) = Settings().policy_terms

    assert (terms.version, terms.holds_from) == ("2024-1", day("2000-01-01"))
    assert (terms.monthly_notice_days, terms.written_notice_days) == (30, 0)
    assert (terms.evidence_days, terms.reminder_days, terms.lapse_days) == (30, 7, 75)
    witnessed = {it for it in Channel if terms.accepts(SignatureKind.AGENT_WITNESS, it)}
    assert witnessed == {Channel.CALL_CENTRE}, "nobody of the desk listens on another channel"


def test_the_environment_sets_versions_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = [
        {"version": "b", "holds_from": "2027-01-01", "written_notice_days": 15},
        {"version": "a", "holds_from": "2020-01-01", "signatures": {"web": ["electronic"]}},
    ]
    monkeypatch.setenv("POLICY_TERMS", json.dumps(versions))
    monkeypatch.setenv("CONTRACT_GRACE_SECONDS", "2.5")

    settings = Settings()

    assert [terms.version for terms in settings.policy_terms] == ["a", "b"]
    assert settings.policy_terms[1].written_notice_days == 15
    assert not settings.policy_terms[0].accepts(SignatureKind.ELECTRONIC, Channel.POST)
    assert settings.contract_grace_seconds == 2.5


@pytest.mark.parametrize(
    "versions",
    [
        [],
        [VERSION, {**VERSION, "holds_from": "2021-01-01"}],
        [VERSION, {**VERSION, "version": "b"}],
        [{**VERSION, "version": ""}],
        [{**VERSION, "monthly_notice_days": -1}],
        [{**VERSION, "montly_notice_days": 30}],
    ],
)
def test_terms_that_make_no_sense_are_refused(versions: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"policy_terms": versions})


def test_the_service_is_built_from_its_settings() -> None:
    service = build(Settings(policy_terms=DEFAULT_TERMS, contract_grace_seconds=0))

    assert service.name == "cancellation"
    assert [decider.kind for decider in service.deciders] == ["file"]


@pytest.mark.parametrize(
    ("iso", "spanish", "english"),
    [
        ("2027-03-05", "5 de marzo de 2027", "5 March 2027"),
        ("2028-02-29", "29 de febrero de 2028", "29 February 2028"),
        ("2027-09-01", "1 de septiembre de 2027", "1 September 2027"),
        ("2027-12-31", "31 de diciembre de 2027", "31 December 2027"),
    ],
)
def test_dates_are_written_as_people_write_them(iso: str, spanish: str, english: str) -> None:
    assert (fecha(day(iso)), written(day(iso))) == (spanish, english)
