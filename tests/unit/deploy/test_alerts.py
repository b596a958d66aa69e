"""Alerts rest on what a process really shows, fire when they should, and lead to the runbook."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from services.cancellation.file.private_events import ALARMS
from shared.events.topics import EVENT_TYPES
from shared.runtime.reason import Reason
from shared.runtime.timers import Objection
from shared.telemetry.metrics import Metrics
from tests.builders.exported import series, with_samples
from tests.builders.promql import OF_ALERTS, named_in, strangers

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES}
TRIALS: dict[str, dict[str, Any]] = {
    it["name"]: it
    for it in yaml.safe_load((FOLDER / "alerts_test.yml").read_text("utf-8"))["tests"]
}
RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
SERIES = series()
PROMTOOL = shutil.which("promtool")
VALUES = {
    "type": {*EVENT_TYPES, *(it.ce_type for it in ALARMS)},
    "reason": {reason.value for reason in Reason},
    "fate": {"decided", "repeated", "ignored", "dead", *(it.value for it in Objection)},
    "outcome": {"done", "failed"},
    "job": {"desk"},
}

each_alert = pytest.mark.parametrize("name", ALERTS)
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing: apt-get install prometheus"
)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, of one word or more."""
    titles = re.findall(r"^#+ (.+)$", page, re.M)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def promtool(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROMTOOL), *arguments],
        cwd=FOLDER,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_alert_has_a_name_of_its_own() -> None:
    assert len(ALERTS) == len(RULES)


@each_alert
def test_an_alert_has_a_severity_and_a_summary_and_leads_to_its_heading(name: str) -> None:
    alert = ALERTS[name]
    page, _, anchor = alert["annotations"]["runbook"].partition("#")

    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert alert["annotations"]["summary"]
    assert (page, anchor) == ("docs/runbook.md", name.lower())
    assert anchor in anchors(RUNBOOK)


def test_the_runbook_has_no_heading_for_an_alert_that_is_no_more() -> None:
    headings = re.findall(r"^### (Desk\w+)$", RUNBOOK, re.M)

    assert headings == list(ALERTS)


@each_alert
def test_an_alert_names_only_series_and_labels_that_a_process_shows(name: str) -> None:
    assert strangers(ALERTS[name]["expr"], SERIES) == []


@each_alert
def test_an_alert_waits_for_values_that_its_labels_can_have(name: str) -> None:
    for label, operator, text in named_in(ALERTS[name]["expr"]).values:
        if label in VALUES and operator in ("=", "!="):
            assert text in VALUES[label], (label, text)
        elif label in VALUES:
            assert any(re.fullmatch(text, value) for value in VALUES[label]), (label, text)


@each_alert
def test_a_summary_says_only_what_the_alert_knows(name: str) -> None:
    said = set(re.findall(r"\$labels\.(\w+)", ALERTS[name]["annotations"]["summary"]))
    fired = labels_of(TRIALS[name]["promql_expr_test"][-1]["exp_samples"][0]["labels"])

    assert said <= fired


def labels_of(written: str) -> set[str]:
    return set(re.findall(r'(\w+)="', written))


def test_every_alert_is_tried() -> None:
    assert list(TRIALS) == list(ALERTS)


@each_alert
def test_a_trial_sees_its_alert_stay_quiet_and_then_fire(name: str) -> None:
    quiet, fires = TRIALS[name]["promql_expr_test"]
    [sample] = fires["exp_samples"]

    assert quiet["exp_samples"] == []
    assert f'alertname="{name}"' in sample["labels"]
    assert f'severity="{ALERTS[name]["labels"]["severity"]}"' in sample["labels"]


@each_alert
def test_the_series_of_a_trial_are_as_a_process_shows_them(name: str) -> None:
    """With every label of the process's own: a rule that groups by too much would fail there."""
    for given in TRIALS[name]["input_series"]:
        metric, _, labels = given["series"].partition("{")
        scraped = {"job", "instance", "service"}

        assert metric in SERIES
        assert labels_of("{" + labels) - scraped == SERIES[metric] - scraped


@needs_promtool
def test_prometheus_accepts_the_alerts_and_its_settings() -> None:
    for arguments in (("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml")):
        outcome = promtool(*arguments)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@needs_promtool
def test_prometheus_objects_to_no_name_or_unit_of_a_metric() -> None:
    shown = generate_latest(with_samples(Metrics()).registry).decode()
    outcome = promtool("check", "metrics", given=shown)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@needs_promtool
def test_every_alert_fires_when_it_should_and_not_before() -> None:
    outcome = promtool("test", "rules", "alerts_test.yml")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("desk_parcked > 0", ["desk_parcked"]),
        (
            'sum by (service) (rate(desk_records_total{fates="dead"}[5m]))',
            ["desk_records_total.fates"],
        ),
        ("max by (services, kind) (desk_parked)", ["services"]),
        (
            "histogram_quantile(0.9, sum by (le) (rate(desk_step_seconds[5m])))",
            ["desk_step_seconds"],
        ),
        ("up == 0 and on (service) absent(desk_lag)", ["desk_lag"]),
    ],
)
def test_what_no_process_shows_is_found_in_an_expression(expression: str, found: list[str]) -> None:
    assert set(found) <= set(strangers(expression, SERIES))


def test_alerts_of_alerts_have_prometheus_own_labels() -> None:
    assert strangers("count by (alertname) (ALERTS)", {"ALERTS": OF_ALERTS}) == []
